"""Metrics and segments of random dirty companies equal the independent references, cell by cell.

DIRTY_SEED sets which companies. Month and week, with all tables and with some missing.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import company_check
import pytest
import reference_metrics as reference
from conftest import Build, dbt
from dirty_company import DirtyCompany, Size

from scripts.load_sources import contract

SEED = int(os.environ.get("DIRTY_SEED", "20261122"))

STANDARDS = """\
standard_set,kpi,kind,pillar,weight,target,tolerance,is_must_have,valid_from,valid_to
DEFAULT,facing_share,at_least,shelf,30,39,,false,,
DEFAULT,assortment_count,at_least,assortment,25.5,10,,true,,{cut}
DEFAULT,assortment_count,at_least,assortment,7,20,,false,{cut},
DEFAULT,price_gap,within,price,15,0,0.05,false,,
DEFAULT,out_of_stock_count,at_most,availability,10,3,,false,,
DEFAULT,pos_material,yes_no,visibility,10,,,false,{cut},
modern,facing_share,at_least,shelf,1,0,,false,{cut},
modern,out_of_stock_count,at_most,availability,2,0,,true,{cut},
modern,price_gap,within,price,3,0.01,0.04,false,{cut},
LARGE-3PLUS-HIGH,facing_share,at_least,shelf,3,45,,false,,
LARGE-3PLUS-HIGH,price_gap,within,price,7,0,0.05,true,,
SMALL-1-LOW,pos_material,yes_no,visibility,1,,,false,,
"""

EXTERNAL_METRICS = """\
entity_type,metric,aggregation,description
store,floor_area,last,
store,shelf_metres,,
store,checkouts,last,
store,pos_potential,last,
store,footfall,mean,
store,population,last,
store,regional_income,,
store,temperature,mean,
store,rain,sum,
store,distance_to_school,last,
store,distance_to_hospital,,
store,distance_to_university,,
rep,satisfaction,mean,
rep,training_days,sum,
product_group,searches,sum,
"""

FLAGS = """\
entity_type,metric,attribute,values
store,is_near_school,surroundings, school ;university;
store,has_traffic,traffic,HIGH;low
store,is_traditional,channel,traditional
store,is_in_chain,store_group,north;south/a/x
rep,is_northern,region,N
rep,is_of_first,manager_id,r1
product_group,is_first_category,product_group_id,category:c1;group:g1
"""

SCORES = """\
entity_type,score,metric,weight,floor,ceiling,direction,missing
store,potential_score,floor_area,3,0,400,,
store,potential_score,shelf_metres,3,0,20,higher_is_better,
store,potential_score,checkouts,2,1,5,,1
store,potential_score,pos_potential,2.5,0,20,,
store,potential_score,footfall,4,0,1000,,
store,potential_score,population,2,0,20000,,0.5
store,potential_score,is_near_school,1,0,1,,
store,potential_score,distance_to_school,1,0.5,5,lower_is_better,
store,potential_score,distance_to_fuel_station,1,0,3.3,lower_is_better,0.123456
store,engagement_score,share_orders_portal_year,2,0,0.8,,
store,engagement_score,complaints_quarter,1,0,3,lower_is_better,1
store,engagement_score,loyalty_points,7,-100,1000,,
store,engagement_score,net_contribution_year,0.333333,-500,500,,
store,engagement_score,rain,1,0,12,lower_is_better,
store,engagement_score,own_name,1,1,2,,
rep,quality,satisfaction,2,3,5,,
rep,quality,training_days,1,0,2,,
rep,quality,procedure_compliance,1,0,1,,0.25
rep,quality,is_northern,1,0,1,lower_is_better,
product_group,interest,trend_index,2,90,110,,
product_group,interest,searches,3,0,1001,,0.1
product_group,interest,stock_cover_days,1,0,60,lower_is_better,
product_group,interest,category_share_period,1,0,1,,
"""

POINTS = """\
event,points,per,cap_per_period,decay_per_period
login,200,event,350,0.05
order_placed,33.3333,,100,0.3
promotion_viewed,-50,event,120,0.25
training_completed,75.5,event,,1
order,7,50,500,0.1
visit_done,15,event,20,
interaction:phone,10,event,,0.125
manual,,event,1000,0.0833
"""

POINTS_OF_THE_PORTAL = """\
event,points,per,cap_per_period,decay_per_period
login,200,event,350,0.05
manual,1,,,
"""

COSTS = """\
activity,channel,unit_cost,valid_from,valid_to
visit_minute,*,0.60,,{cut}
visit_minute,,0.777777,{cut},
contact,phone,4,,
contact,chat,2,{cut},
contact,*,3,,{cut}
complaint,portal,25,,{cut}
complaint,*,12.345678,,
"""

# Conditions on metrics by their own names and on scores, next to those of the shipped schemes.
RULES = """\
store,potential,HIGH,large,floor_area,>=,400,80.5,,,,2,*,,
store,potential,HIGH,large,is_traditional,<,1,,,,,,*,,
store,potential,MEDIUM,wet,rain,>,0.1,0,,,,3,*,,
store,potential,MEDIUM,wet,distance_to_fuel_station,<=,1,2,,,,,*,,
rep,discipline,RELIABLE,quality,quality,>=,60,40,,2,,,*,,
product_group,promotion,PROMOTE,searched,searches,>=,1000,1,,,,2,*,,
product_group,promotion,PROMOTE,searched,interest,<,50,60,,,,,*,,
"""

CASES = {
    "months": dict(as_of=date(2025, 12, 20), days=960),
    "weeks": dict(as_of=date(2025, 12, 18), days=800, grain="week"),
    "other_vars": dict(
        as_of=date(2025, 11, 3),
        days=960,
        variables=dict(
            key_account_level=2,
            min_portfolio_size=2,
            product_levels=["group", "product"],
            closing_lag_days=0,
            order_statuses=["invoiced"],
            must_have_cap=40,
            client_segments=["KEY", "ACTIVE"],
            reporting_currency="EUR",
            windows={"period": 1, "quarter": 4, "year": 10},
            attribute_max_age_periods=3,
            min_days_worked=3,
            min_weight_present=0.7,
        ),
    ),
    "late_history": dict(
        as_of=date(2025, 12, 20),
        days=960,
        variables=dict(
            history_starts_on="2024-03-15",
            product_levels=["brand"],
            attribute_max_age_periods=0,
            min_days_worked=1,
            min_weight_present=0,
        ),
        without=(
            "portal_events",
            "market_points_of_interest",
            "sfa_visits",
            "erp_complaints",
            "market_external_metrics",
        ),
        points=POINTS_OF_THE_PORTAL,
    ),
    "missing_tables": dict(
        as_of=date(2025, 12, 4),
        days=700,
        without=(
            "crm_interactions",
            "sfa_audit_answers",
            "market_category_sales",
            "sfa_store_assignments",
            "sfa_reps",
            "sfa_store_attributes",
            "crm_manual_segments",
            "sfa_working_days",
            "market_epos_sales",
            "market_points_of_interest",
            "erp_stock_levels",
            "portal_events",
            "portal_points_adjustments",
        ),
        points=POINTS_OF_THE_PORTAL,
    ),
}


def build_case(folder, name: str, seed: int = SEED, **overrides) -> tuple[Build, reference.Company, object]:
    case = {"grain": "month", "without": (), "variables": {}, "points": POINTS, **CASES[name], **overrides}
    dirty = DirtyCompany(seed, case["as_of"], case["days"])
    data = dirty.write(folder / "data", case["without"])
    policy = folder / "policy"
    shutil.copytree(company_check.SHIPPED_POLICY, policy)
    cut = case["as_of"] - timedelta(days=200)
    files = dict(
        perfect_store_standards=STANDARDS.format(cut=cut),
        external_metrics=EXTERNAL_METRICS,
        attribute_flags=FLAGS,
        score_weights=SCORES,
        point_rules=case["points"],
        cost_rates=COSTS.format(cut=cut),
        segment_rules=(policy / "segment_rules.csv").read_text() + RULES,
    )
    for file, text in files.items():
        (policy / f"{file}.csv").write_text(text)

    names = ("grain", "as_of")
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in case["variables"].items()}
    if "history_starts_on" in values:
        values["history_starts_on"] = date.fromisoformat(values["history_starts_on"])
    if "min_weight_present" in values:
        values["min_weight_present"] = Decimal(str(values["min_weight_present"]))
    settings = reference.Settings(**{n: case[n] for n in names}, **values)
    company = reference.Company(
        reference.read_tables(data), settings, reference.read_policy(policy, company_check.SHIPPED_POLICY)
    )
    warehouse = folder / "warehouse"
    kinds = ("metrics", "scores", "score_contributions", "segments_current", "segment_evidence")
    marts = [f"+fct_{e}_{m}" for e in company_check.ENTITIES for m in kinds]
    dbt(
        ["build", "--select", *marts, "--resource-type", "seed", "--resource-type", "model"],
        warehouse,
        variables={"company": "dirty", "period_grain": case["grain"], **case["variables"]},
        as_of_date=str(case["as_of"]),
        policy_dir=policy,
        data_dir=data,
    )
    return Build(warehouse, data), company, policy


@pytest.mark.parametrize("name", CASES)
def test_dirty_company(name, tmp_path):
    build, company, policy = build_case(tmp_path, name)
    metrics = company_check.compare_metrics(build, company)
    segments = company_check.compare_segments(build, company, policy)
    print(f"\n{metrics}\n{segments}")
    assert not metrics.differences and not segments.differences, f"{metrics}\n{segments}"


def test_distances_anywhere_on_earth(tmp_path):
    """Also over the date line and around the poles; points of one type far from each other and on one spot."""
    rng, as_of = random.Random(f"{SEED} places"), date(2025, 12, 20)
    dirty = DirtyCompany(f"{SEED} places", as_of, 60, Size(stores=300, orders=40, visits=4, points_of_interest=90))
    for row in dirty.tables["erp_stores"] + dirty.tables["market_points_of_interest"]:
        latitude, longitude = rng.choice(
            [
                (rng.uniform(-90, 90), rng.uniform(-180, 180)),
                (rng.choice([-90, 90, 89.99, -89.9, 85]), rng.uniform(-180, 180)),
                (rng.uniform(-80, 80), rng.choice([-180, 180, 179.99, -179.99, 0])),
                (rng.choice([0, 0.001, -45, 60]), rng.choice([0, 10, 10.01, 10.25, -170])),
            ]
        )
        row |= {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"}
    data, warehouse = dirty.write(tmp_path / "data"), tmp_path / "warehouse"
    dbt(
        ["build", "--select", "+int_store_named_values", "--resource-type", "seed", "--resource-type", "model"],
        warehouse,
        as_of_date=str(as_of),
        data_dir=data,
    )
    company = reference.Company(reference.read_tables(data), reference.Settings(as_of=as_of))
    wanted = reference.named_values(company, "store", set())
    built = company_check.built_named_metrics(Build(warehouse, data), company, "store")
    found = company_check.Comparison()
    for key, row in wanted.items():
        mine, theirs = (
            {m: v for m, v in r.items() if m.startswith("distance") and m != "distance_to_school"}
            for r in (row, built[key])
        )
        found.add("distances", {key: mine}, {key: theirs})
    print(f"\n{found}")
    assert found.cells > 500 and not found.differences, str(found)


def test_names_told_by_attributes_and_external_metrics(tmp_path):
    """One stream of events by name, whatever its aggregation: of a small company, told by hand."""
    attributes = [
        *recorded("recorded_mean", ("2025-02-01", "1"), ("2025-02-10", "4"), ("2025-03-01", "x"), ("2025-05-01", "7")),
        *recorded("recorded_sum", ("2025-02-01", "1"), ("2025-02-10", "4"), ("2025-02-11", None)),
        *recorded("mean_of_both", ("2025-02-01", "1"), ("2025-02-10", "4"), ("2025-03-01", "5")),
        *recorded("last_of_both", ("2025-02-01", "1"), ("2025-02-10 23:59:59", "4"), ("2025-04-01", "x")),
        *recorded("text_and_number", ("2025-03-01", "red")),
        *recorded("number_once", ("2025-02-01", "red"), ("2025-03-01", " 9 "), ("2025-05-01", "1e15")),
    ]
    external = [
        *measured("mean_of_both", ("2025-02-10", "40"), ("2025-03-02", "50"), ("2025-04-02", "60")),
        *measured("last_of_both", ("2025-02-10", "40"), ("2025-05-31", "60")),
        *measured("text_and_number", ("2025-02-10", "3"), ("2025-05-05", "4")),
    ]
    tables = SMALL | {"sfa_store_attributes": attributes, "market_external_metrics": external}
    (tmp_path / "data").mkdir()
    for table, rows in tables.items():
        with open(tmp_path / "data" / f"{table}.csv", "w", newline="") as handle:
            writer = csv.DictWriter(handle, list(contract()[table].columns))
            writer.writeheader()
            writer.writerows(rows)
    policy = tmp_path / "policy"
    shutil.copytree(company_check.SHIPPED_POLICY, policy)
    with open(policy / "external_metrics.csv", "a") as handle:
        handle.write("store,recorded_mean,mean,\nstore,recorded_sum,sum,\nstore,mean_of_both,mean,\n")
    dbt(
        ["build", "--select", "+int_store_named_values", "--resource-type", "seed", "--resource-type", "model"],
        tmp_path / "warehouse",
        as_of_date="2025-07-10",
        policy_dir=policy,
        data_dir=tmp_path / "data",
    )
    stated = reference.read_policy(policy, company_check.SHIPPED_POLICY)
    company = reference.Company(tables, reference.Settings(as_of=date(2025, 7, 10)), stated)
    wanted = reference.named_values(company, "store", set())
    assert {m: by_period(wanted, m) for m in sorted(set().union(*wanted.values()))} == {
        "last_of_both": ["-", "40", "40", "-", "60", "60"],
        "mean_of_both": ["-", "15", "27.5", "60", "-", "-"],
        "number_once": ["-", "-", "9", "9", "-", "-"],
        "recorded_mean": ["-", "2.5", "-", "-", "7", "-"],
        "recorded_sum": ["-", "5", "-", "-", "-", "-"],
        "text_and_number": ["-", "3", "3", "3", "4", "4"],
    }
    found = company_check.Comparison()
    found.add("named", wanted, company_check.built_named_metrics(Build(tmp_path / "warehouse", None), company, "store"))
    assert not found.differences, str(found)


# --- the reference itself, against numbers worked out by hand ----------------------------------------------------

JANUARY = 12 * 2025 + 1  # the first period of the small company's only store S and only rep R; June is its last


SMALL = {
    "erp_stores": [{"store_id": "S", "opened_on": "2025-01-15", "channel": "modern"}],
    "erp_products": [{"product_id": "P", "unit_cost": "4", "category": "C"}, {"product_id": "Q"}],
    "erp_orders": [{"order_id": "1", "store_id": "S", "ordered_at": "2025-01-20", "status": "invoiced", "rep_id": "R"}],
    "erp_order_lines": [
        {"order_id": "1", "line_number": "1", "product_id": "P", "quantity": "10", "net_amount": "100"}
    ],
    "sfa_reps": [{"rep_id": "R", "hired_on": "2025-01-01"}],
}


def small(policy: dict | None = None, settings: dict | None = None, **tables) -> reference.Company:
    stated = reference.Settings(as_of=date(2025, 7, 10), **(settings or {}))
    return reference.Company(SMALL | tables, stated, reference.Policy(**(policy or {})))


def by_period(rows: dict[tuple[str, int], dict], metric: str) -> list[str]:
    """Of the only entity, from January on; trailing zeros dropped."""
    values = [row.get(metric) for _, row in sorted(rows.items())]
    return ["-" if v is None else f"{v.normalize():f}" for v in values]


def policy_line(**cells) -> dict:
    return dict.fromkeys(
        ("cap_per_period", "decay_per_period", "per", "points", "channel", "valid_from", "valid_to", "aggregation")
        + ("direction", "missing")
    ) | {c: str(v) for c, v in cells.items()}


def points(rule: dict, **tables) -> list[str]:
    return by_period(reference.store_metrics(small({"point_rules": [policy_line(**rule)]}, **tables)), "loyalty_points")


def adjusted(*granted: tuple[str, str]) -> list[dict]:
    return [
        {"adjustment_id": str(n), "store_id": "S", "granted_at": on, "points": number}
        for n, (on, number) in enumerate(granted)
    ]


def test_points_are_capped_first_and_fade_evenly():
    granted = adjusted(("2025-01-31 23:59:59", "300"), ("2025-03-01", "80"))
    assert points(
        {"event": "manual", "cap_per_period": 200, "decay_per_period": "0.4"}, portal_points_adjustments=granted
    ) == ["200", "120", "120", "48", "16", "0"]  # 200, 120, 40 + 80, 0 + 48, 16, 0


def test_points_taken_back_fade_too_and_nobody_owes_points():
    granted = adjusted(("2025-01-31", "-300"), ("2025-03-01", "210"))
    assert points(
        {"event": "manual", "cap_per_period": 200, "decay_per_period": "0.25"}, portal_points_adjustments=granted
    ) == ["0", "0", "100", "100", "100", "50"]  # -200, -150, -100 + 200, -50 + 150, 0 + 100, 50


def test_points_before_the_life_never_count_and_no_table_is_no_points():
    granted = adjusted(("2024-12-31", "1000"), ("2025-02-28", "1"), ("2025-07-11", "7"))
    assert points({"event": "manual"}, portal_points_adjustments=granted) == ["0", "1", "1", "1", "1", "1"]
    assert points({"event": "manual"}) == ["-"] * 6
    assert points({"event": "login"}, portal_events=[]) == ["0"] * 6


def test_points_by_amount_and_by_event():
    orders = [{"order_id": str(n), "store_id": "S", "ordered_at": "2025-02-03", "status": "placed"} for n in (2, 3, 4)]
    lines = [
        {"order_id": str(n), "line_number": "1", "net_amount": amount}
        for n, amount in ((2, "30"), (3, "69.99"), (4, "0"))
    ]
    sold = dict(erp_orders=orders, erp_order_lines=lines)
    # 99.99 in February, where the document of 0 is no order; nothing was sold in January
    assert points({"event": "order", "points": 3, "per": 25}, **sold)[:2] == ["9", "9"]
    assert points({"event": "order", "points": 3, "per": "event"}, **sold)[:2] == ["6", "6"]
    events = [{"event_id": "1", "store_id": "S", "occurred_at": "2025-02-03", "event_type": "order"}]
    assert points({"event": "order", "points": 3}, **sold, portal_events=events)[:2] == ["6", "6"]


def test_contribution():
    """January: 100 - 10 x 4. February: 20 minutes by 0.60, from March on by 0.90; a call by its own rate, a
    chat by that of any other channel. What ends before it begins, or never, costs nothing."""
    rates = [
        policy_line(activity="visit_minute", channel="*", unit_cost="0.60", valid_to="2025-03-01"),
        policy_line(activity="visit_minute", unit_cost="0.90", valid_from="2025-03-01"),
        policy_line(activity="contact", channel="phone", unit_cost="4", valid_to="2025-04-02"),
        policy_line(activity="contact", channel="*", unit_cost="3"),
    ]
    visits = [
        ("2025-02-28 10:00:00", "2025-02-28 10:20:00", "done"),
        ("2025-03-01 10:00:00", "2025-03-01 10:20:59.9", "done"),
        ("2025-03-01 10:00:00", "2025-03-01 09:00:00", "done"),
        ("2025-03-01 10:00:00", None, "done"),
        ("2025-03-01 10:00:00", "2025-03-01 20:00:00", "missed"),
    ]
    contacts = [("2025-04-01", "phone"), ("2025-04-02", "phone"), ("2025-05-01", "chat"), ("2025-05-01", None)]
    complaints = [{"complaint_id": "1", "store_id": "S", "opened_at": "2025-02-01"}]
    rows = reference.store_metrics(
        small(
            {"cost_rates": rates},
            sfa_visits=[
                {"visit_id": str(n), "store_id": "S", "started_at": start, "ended_at": end, "status": status}
                for n, (start, end, status) in enumerate(visits)
            ],
            crm_interactions=[
                {"interaction_id": str(n), "store_id": "S", "occurred_at": on, "channel": channel}
                for n, (on, channel) in enumerate(contacts)
            ],
            erp_complaints=complaints,
        )
    )
    # 0.90 x 1259 / 60 = 18.885
    assert by_period(rows, "cost_to_serve_year") == ["0", "12", "30.885", "37.885", "43.885", "43.885"]
    assert by_period(rows, "gross_margin_year") == ["60"] * 6
    assert by_period(rows, "net_contribution_year") == ["60", "48", "29.115", "22.115", "16.115", "16.115"]
    assert by_period(rows, "complaints_quarter") == ["0", "1", "1", "1", "0", "0"]


def test_margin_is_unknown_where_no_cost_is():
    lines = [{"order_id": "1", "line_number": "1", "product_id": "Q", "quantity": "10", "net_amount": "100"}]
    other = {"order_id": "1", "line_number": "2", "product_id": "P", "net_amount": "7"}
    assert by_period(reference.store_metrics(small(erp_order_lines=lines)), "gross_margin_year") == ["-"] * 6
    assert by_period(reference.store_metrics(small(erp_order_lines=[*lines, other])), "gross_margin_year") == ["7"] * 6
    assert by_period(reference.store_metrics(small(erp_order_lines=[])), "gross_margin_year") == ["0"] * 6
    nothing = small(erp_products=[{"product_id": "P"}], erp_order_lines=[])
    assert by_period(reference.store_metrics(nothing), "net_contribution_year") == ["-"] * 6


def test_sell_out_of_a_quarter_without_a_till_is_unknown():
    sold = [{"store_id": "S", "product_id": "P", "sold_on": f"2025-0{m}-01", "amount": "25"} for m in (1, 2, 6)]
    rows = reference.store_metrics(small(market_epos_sales=sold))
    assert by_period(rows, "sell_out_quarter") == ["25", "50", "50", "25", "-", "25"]
    assert by_period(rows, "sell_through_quarter") == ["0.25", "0.5", "0.5", "-", "-", "-"]


def named(policy: dict | None = None, settings: dict | None = None, entity_type: str = "store", **tables):
    return reference.named_values(small(policy, settings, **tables), entity_type, {"orders_year"})


def recorded(attribute: str, *values: tuple[str, str | None]) -> list[dict]:
    return [{"store_id": "S", "attribute": attribute, "recorded_at": on, "value": value} for on, value in values]


def measured(metric: str, *values: tuple[str, str]) -> list[dict]:
    return [
        {"entity_type": "store", "entity_id": "S", "metric": metric, "measured_on": on, "value": value}
        for on, value in values
    ]


def test_the_last_value_known_counts_until_it_is_too_old():
    area = recorded("area", ("2024-06-30", "1"), ("2025-02-28 23:59:59", "2"), ("2025-02-28 08:00:00", "9"))
    area += recorded("area", ("2025-05-01", "shut"), ("2025-06-01", None))
    assert by_period(named(sfa_store_attributes=area), "area") == ["1", "2", "2", "2", "-", "-"]
    fresh = named(settings={"attribute_max_age_periods": 1}, sfa_store_attributes=area)
    assert by_period(fresh, "area") == ["-", "2", "2", "-", "-", "-"]
    assert (
        by_period(named(sfa_store_attributes=recorded("orders_year", ("2025-01-01", "5"))), "orders_year") == ["-"] * 6
    )


def test_measured_beats_recorded_on_the_same_day_alone():
    tables = dict(
        sfa_store_attributes=recorded("area", ("2025-02-10 18:00:00", "5"), ("2025-03-11", "6"), ("2025-05-09", "x")),
        market_external_metrics=measured("area", ("2025-02-10", "50"), ("2025-03-10", "60"), ("2025-06-01", "70")),
    )
    assert by_period(named(**tables), "area") == ["-", "50", "6", "6", "-", "70"]


def test_mean_and_sum_are_of_the_very_period():
    rain = measured("rain", ("2024-12-31", "5"), ("2025-02-01", "1"), ("2025-02-02", "0"), ("2025-02-28", "1"))
    for aggregation, value in (("mean", "0.666667"), ("sum", "2")):
        lines = [policy_line(entity_type="store", metric="rain", aggregation=aggregation)]
        found = named({"external_metrics": lines}, market_external_metrics=rain)
        assert by_period(found, "rain") == ["-", value, "-", "-", "-", "-"]


def test_flags():
    lines = [
        {"entity_type": "store", "metric": "near", "attribute": "place", "values": " school ; pub;"},
        {"entity_type": "store", "metric": "modern", "attribute": "channel", "values": "modern"},
        {"entity_type": "store", "metric": "northern", "attribute": "region", "values": "N"},
        {"entity_type": "product_group", "metric": "is_c", "attribute": "product_group_id", "values": "category:C"},
    ]
    place = recorded("place", ("2025-02-01", "School"), ("2025-03-01", "pub"), ("2025-05-01", None))
    found = named({"attribute_flags": lines}, sfa_store_attributes=place)
    assert by_period(found, "near") == ["-", "0", "1", "1", "-", "-"]
    assert by_period(found, "modern") == ["1"] * 6
    assert by_period(found, "northern") == ["-"] * 6
    groups = named({"attribute_flags": lines}, entity_type="product_group")
    assert {node: row["is_c"] for (node, _), row in groups.items()} == {
        "category:C": 1,
        "brand:unknown": 0,
        "group:unknown": 0,
        "product:P": 0,
    }


def test_distances():
    """A hundredth of a degree of latitude is 1.112 km; across the date line it is near."""
    places = [
        ("A - B", "50.01", "180"),
        ("a-b", "50", "-179.9"),
        ("A.B", "90.5", "180"),
        ("far", "-50", "0"),
        (None, "50", "180"),
    ]
    store = {"store_id": "S", "opened_on": "2025-01-01", "latitude": "50", "longitude": "180"}
    given = dict(
        erp_stores=[store],
        market_points_of_interest=[
            {"poi_id": str(n), "poi_type": kind, "latitude": latitude, "longitude": longitude}
            for n, (kind, latitude, longitude) in enumerate(places)
        ],
        market_external_metrics=measured("distance_to_far", ("2025-03-01", "3")),
    )
    found = named(settings={"attribute_max_age_periods": 0}, **given)
    half_way_round = "20015.114"
    assert by_period(found, "distance_to_a_b") == ["1.112"] * 6
    assert by_period(found, "distance_to_far") == [half_way_round] * 2 + ["3"] + [half_way_round] * 3
    assert {m for row in found.values() for m in row} == {"distance_to_a_b", "distance_to_far"}
    nowhere = given | {"erp_stores": [store | {"longitude": "180.1"}], "market_external_metrics": []}
    assert set().union(*named(**nowhere).values()) == set()


def test_scores():
    """Weights 3 and 1: 75 points for the area, from 100 to 300; 25 for the distance, the less the better."""
    lines = [
        policy_line(entity_type="store", score="size", metric="area", weight="3", floor="100", ceiling="300"),
        policy_line(entity_type="store", score="size", metric="way", weight="1", floor="0", ceiling="3", missing="0.2")
        | {"direction": "lower_is_better"},
    ]
    values = [{"area": 100}, {"area": 201, "way": 1}, {"area": 999, "way": -1}, {"way": 3}, {"area": 200}, {}]
    rows = {("S", JANUARY + n): {m: Decimal(v) for m, v in row.items()} for n, row in enumerate(values)}
    found, parts = reference.scores(small({"score_weights": lines}), "store", rows)
    assert [row["value"] for row in found.values()] == [
        Decimal("5"),
        Decimal("54.541667"),  # 37.875 + 16.666667
        Decimal("100"),
        None,  # a quarter of the weight is observed
        Decimal("42.5"),
        None,
    ]
    assert parts[("S", "size", "way", JANUARY + 3)]["contribution"] == 0
    assert parts[("S", "size", "way", JANUARY + 4)]["contribution"] == 5


def test_work_of_a_rep():
    """Days off count even with minutes; planned visits of days off do not, whoever is visited."""
    days = [(f"2025-02-0{n}", "400", None) for n in range(1, 6)] + [
        ("2025-02-06", "60", "true"),
        ("2025-02-07", "0", None),
    ]
    visits = [
        ("2025-02-01", "done", "true", "5", "4"),
        ("2025-02-02", "missed", "true", "5", "5"),
        ("2025-02-06", "done", "true", "5", None),
        ("2025-02-06", "done", None, None, "3"),
        ("2025-03-06", "done", "true", "5", "5"),
    ]
    rows = reference.work_metrics(
        small(
            sfa_working_days=[
                {"rep_id": "R", "work_date": on, "minutes_worked": minutes, "is_day_off": off}
                for on, minutes, off in days
            ],
            sfa_visits=[
                {"visit_id": str(n), "store_id": "S", "rep_id": "R", "started_at": on, "status": status}
                | {"is_planned": planned, "mandatory_steps": mandatory, "completed_steps": completed}
                for n, (on, status, planned, mandatory, completed) in enumerate(visits)
            ],
        ),
        "R",
        reference.Life(JANUARY, JANUARY + 2, date(2025, 1, 1)),
    )
    assert rows[JANUARY + 1] == {
        "days_worked": 5,
        "minutes_worked": 2000,
        "days_off": 1,
        "visits": 3,
        "planned_visits": 2,
        "planned_visits_done": 1,
        "mandatory_steps": 10,
        "completed_steps": 4,
        "working_minutes_avg": 400,
        "visit_plan_completion": Fraction(1, 2),
        "procedure_compliance": Fraction(4, 10),
    }
    assert rows[JANUARY + 2]["planned_visits_done"] == 1 and rows[JANUARY + 2]["visit_plan_completion"] is None


def test_stock_cover_and_category_share():
    """10 units sold in January are those of the quarter in January (with November and December 92 days), February
    (90 days) and March (90 days). In stock: 50, then 50 + 25, then 25."""
    stock = [
        ("w1", "2024-11-30", "50"),
        ("w2", "2025-02-28", "25"),
        ("w1", "2025-03-31", "0"),
        ("w1", "2025-07-11", "9"),
    ]
    shares = [("S", "2025-01-31", "10"), ("nobody", "2025-01-01", "20"), ("S", "2025-02-01", "1")]
    company = small(
        erp_stock_levels=[
            {"product_id": "P", "warehouse_id": where, "stock_date": on, "quantity": units}
            for where, on, units in stock
        ],
        market_category_sales=[
            {"store_id": store, "category": "C", "period_start_date": on, "own_sales": own, "category_sales": "60"}
            for store, on, own in shares
        ],
    )
    rows = reference.product_group_metrics(company, reference.store_metrics(company))
    mine = {key: row for key, row in rows.items() if key[0] == "category:C"}
    assert by_period(mine, "stock_cover_days") == ["460", "675", "225", "-", "-", "-"]
    assert by_period(mine, "category_share_period") == ["0.25", "0.016667", "-", "-", "-", "-"]
    assert by_period({k: row for k, row in rows.items() if k[0] == "product:P"}, "stock_cover_days")[0] == "460"
