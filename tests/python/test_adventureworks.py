"""AdventureWorks, a company that others published, built as a project that uses this one as a package.

Totals are those that the source itself publishes; metrics are compared with reference_metrics.py, segments with
the sequential oracle, and again with adventureworks_by_hand.py, which shares nothing with the project.
"""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from fractions import Fraction

import company_check
import pytest
import reference_metrics as reference
import yaml
from adventureworks_by_hand import EXAMPLE, Company, quarterly
from conftest import Build, dbt, rows, run_refresh
from engines import published_differences

from scripts.draw_timeline import timeline

POLICY = EXAMPLE / "seeds"
OWN_SCHEMA = "segmentation_build_adventureworks"
ENTITIES = {
    "value": "store",
    "lifecycle": "store",
    "wallet": "store",
    "portfolio": "rep",
    "sales_threshold": "product_group",
    "abc": "product_group",
}


def own_vars() -> dict:
    return yaml.safe_load((EXAMPLE / "dbt_project.yml").read_text())["vars"]["dynamic_segmentation"]


@pytest.fixture(scope="module")
def build(adventureworks_build) -> Build:
    return adventureworks_build


@pytest.fixture(scope="module")
def by_hand() -> Company:
    return Company()


@pytest.fixture(scope="module")
def segments_by_hand(by_hand) -> dict[str, dict[tuple, str]]:
    return by_hand.segments()


@pytest.fixture(scope="module")
def company(build) -> reference.Company:
    """The reference's company, from the input contract as the example's models deliver it."""
    stated = own_vars()
    settings = reference.Settings(
        as_of=date.fromisoformat(stated["as_of_date"]),
        top_client_scheme=stated["top_client_scheme"],
        top_client_segment=stated["top_client_segment"],
    )
    tables = {
        table: company_check.dicts(build, f"select * from {OWN_SCHEMA}.{table}", published=False)
        for table in stated["inputs_from_models"]
    }
    return reference.Company(tables, settings, reference.read_policy(POLICY, company_check.SHIPPED_POLICY))


@pytest.fixture(scope="module")
def own(build, by_hand) -> company_check.Own:
    """The metric and the attribute that the example adds, from the raw file and the published metrics."""
    raw = {row["account_number"]: row for row in by_hand.raw["stores"]}
    frequencies = {"Q": "QUARTERLY", "S": "HALF_YEARLY", "A": "YEARLY"}
    return company_check.Own(
        metrics={
            "store": {
                (store, period): {
                    "share_of_annual_sales": reference.rounded(
                        Fraction(values["order_value_year"]) / Fraction(raw[store]["annual_sales"])
                    )
                }
                for (store, period), values in company_check.published_metrics(build, "store").items()
            }
        },
        attributes={
            "store": {store: {"order_frequency": [frequencies[row["order_frequency"]]]} for store, row in raw.items()}
        },
    )


# Worked out by adventureworks_by_hand.py, and equal to what is published.
COUNTS = {
    "value": {
        "2010-12": "BRONZE 687, SILVER 12, TOP 2",
        "2011-03": "BRONZE 615, SILVER 48, TOP 38",
        "2011-06": "BRONZE 571, SILVER 55, TOP 75",
        "2011-09": "BRONZE 574, SILVER 37, TOP 90",
        "2011-12": "BRONZE 529, SILVER 47, TOP 125",
        "2012-03": "BRONZE 446, SILVER 83, TOP 172",
        "2012-06": "BRONZE 488, SILVER 74, TOP 139",
        "2012-09": "BRONZE 522, SILVER 77, TOP 102",
        "2012-12": "BRONZE 501, SILVER 94, TOP 106",
        "2013-03": "BRONZE 426, SILVER 89, TOP 186",
        "2013-06": "BRONZE 433, SILVER 102, TOP 166",
        "2013-09": "BRONZE 455, SILVER 115, TOP 131",
        "2013-11": "BRONZE 456, SILVER 122, TOP 123",
    },
    "lifecycle": {
        "2010-12": "ACTIVE 23, KEY 15, PROSPECT 663",
        "2011-03": "ACTIVE 55, KEY 58, NEW 64, PROSPECT 524",
        "2011-06": "ACTIVE 94, KEY 83, NEW 26, PROSPECT 498",
        "2011-09": "ACTIVE 112, KEY 90, LOST 1, NEW 3, PROSPECT 495",
        "2011-12": "ACTIVE 113, KEY 93, NEW 46, PROSPECT 449",
        "2012-03": "ACTIVE 129, KEY 117, LOST 6, NEW 153, PROSPECT 296",
        "2012-06": "ACTIVE 243, KEY 134, LOST 28, NEW 15, PROSPECT 281",
        "2012-09": "ACTIVE 265, KEY 123, LOST 32, NEW 5, PROSPECT 276",
        "2012-12": "ACTIVE 264, KEY 113, LOST 48, NEW 38, PROSPECT 238",
        "2013-03": "ACTIVE 267, KEY 135, LOST 61, NEW 164, PROSPECT 74",
        "2013-06": "ACTIVE 374, KEY 159, LOST 94, NEW 3, PROSPECT 71",
        "2013-09": "ACTIVE 363, KEY 161, LOST 106, NEW 2, PROSPECT 69",
        "2013-11": "ACTIVE 345, KEY 158, LOST 129, NEW 3, PROSPECT 66",
    },
    "wallet": {
        "2010-12": "ONE_OF_MANY 427",
        "2011-03": "MAIN_SUPPLIER 1, ONE_OF_MANY 426",
        "2011-06": "MAIN_SUPPLIER 5, ONE_OF_MANY 422",
        "2011-09": "MAIN_SUPPLIER 17, ONE_OF_MANY 410",
        "2011-12": "MAIN_SUPPLIER 31, ONE_OF_MANY 396",
        "2012-03": "MAIN_SUPPLIER 38, ONE_OF_MANY 389",
        "2012-06": "MAIN_SUPPLIER 41, ONE_OF_MANY 386",
        "2012-09": "MAIN_SUPPLIER 33, ONE_OF_MANY 394",
        "2012-12": "MAIN_SUPPLIER 36, ONE_OF_MANY 391",
        "2013-03": "MAIN_SUPPLIER 38, ONE_OF_MANY 389",
        "2013-06": "MAIN_SUPPLIER 38, ONE_OF_MANY 389",
        "2013-09": "MAIN_SUPPLIER 42, ONE_OF_MANY 385",
        "2013-11": "MAIN_SUPPLIER 40, ONE_OF_MANY 387",
    },
    "portfolio": {
        "2010-12": "STANDARD 10",
        "2011-03": "STANDARD 10",
        "2011-06": "STANDARD 4, TOP 6",
        "2011-09": "STANDARD 4, TOP 6",
        "2011-12": "STANDARD 2, TOP 11",
        "2012-03": "STANDARD 2, TOP 11",
        "2012-06": "STANDARD 6, TOP 8",
        "2012-09": "STANDARD 8, TOP 6",
        "2012-12": "STANDARD 15, TOP 2",
        "2013-03": "STANDARD 14, TOP 3",
        "2013-06": "STANDARD 14, TOP 3",
        "2013-09": "STANDARD 14, TOP 3",
        "2013-11": "STANDARD 14, TOP 3",
    },
    "sales_threshold": {
        "2010-12": "BASE 8",
        "2011-03": "BASE 3, PREFERRED 5",
        "2011-06": "BASE 8",
        "2011-09": "BASE 8",
        "2011-12": "BASE 6, PREFERRED 12",
        "2012-03": "BASE 6, PREFERRED 12",
        "2012-06": "BASE 11, PREFERRED 7",
        "2012-09": "BASE 7, PREFERRED 11",
        "2012-12": "BASE 16, PREFERRED 17",
        "2013-03": "BASE 17, PREFERRED 16",
        "2013-06": "BASE 25, PREFERRED 8",
        "2013-09": "BASE 21, PREFERRED 12",
        "2013-11": "BASE 14, PREFERRED 19",
    },
    "abc": {
        "2010-12": "A 20, B 13, C 28",
        "2011-03": "A 21, B 20, C 33",
        "2011-06": "A 23, B 20, C 32",
        "2011-09": "A 25, B 16, C 34",
        "2011-12": "A 31, B 34, C 92",
        "2012-03": "A 49, B 34, C 74",
        "2012-06": "A 54, B 33, C 70",
        "2012-09": "A 51, B 38, C 68",
        "2012-12": "A 46, B 48, C 195",
        "2013-03": "A 66, B 74, C 151",
        "2013-06": "A 74, B 76, C 141",
        "2013-09": "A 69, B 72, C 150",
        "2013-11": "A 63, B 60, C 168",
    },
}


def test_reseller_sales_by_country(build):
    sales = dict(
        build.query("""
        select region, cast(round(sum(order_value_period), 2) as decimal(18, 2))
        from fct_store_metrics
        inner join dim_stores using (store_id)
        group by region
    """)
    )
    assert sales == {
        "Australia": Decimal("1594335.38"),
        "Canada": Decimal("14377925.60"),
        "France": Decimal("4607537.94"),
        "Germany": Decimal("1983988.04"),
        "United Kingdom": Decimal("4279008.83"),
        "United States": Decimal("53607801.21"),
    }


def test_reseller_sales_in_all(build):
    # the sum of the exact amounts is rounded once: the rounded countries add up to a cent more or less
    assert build.query("select round(sum(order_value_period), 2) from fct_store_metrics") == [(Decimal("80450596.98"),)]


def test_each_level_of_products_adds_up_to_the_same(build):
    totals = build.query("""
        select level, round(sum(sales_period), 2)
        from fct_product_group_metrics
        inner join dim_product_groups using (product_group_id)
        group by level
    """)
    assert {level for level, _ in totals} == {"category", "brand", "group", "product"}
    assert {total for _, total in totals} == {Decimal("80450596.98")}


def test_stores_that_never_ordered(build):
    assert build.query("select count(*) from dim_stores") == [(701,)]
    never = "select store_id from fct_store_metrics group by store_id having max(orders_period) = 0"
    assert build.query(f"select count(*) from ({never})") == [(66,)]
    prospects = "select store_id from dim_stores where lifecycle_segment = 'PROSPECT'"
    assert build.query(never + " order by 1") == build.query(prospects + " order by 1")


def test_all_input_is_accounted_for(build):
    ledger = {
        table: (rows_in, staged)
        for table, rows_in, staged in build.query(
            "select table_name, rows_in, rows_staged from fct_input_ledger where rows_in > 0"
        )
    }
    assert ledger["erp_orders"] == (3796, 3796)
    assert ledger["erp_order_lines"] == (60855, 60855)
    assert ledger["erp_stores"] == (701, 701)
    assert build.query("select count(*) from fct_rejected_rows") == [(0,)]


def test_every_metric_equals_the_reference(build, company, own):
    found = company_check.compare_metrics(build, company, own)
    print(f"\n{found}")
    assert not found.differences, str(found)


def test_every_segment_equals_the_oracle(build, company, own):
    found = company_check.compare_segments(build, company, POLICY, own)
    print(f"\n{found}")
    assert not found.differences, str(found)


def test_own_metric_has_its_values(build, own):
    found = {
        (store, period): share for store, period, share in build.query_build(f"select * from {OWN_SCHEMA}.store_wallet")
    }
    assert found == {key: values["share_of_annual_sales"] for key, values in own.metrics["store"].items()}


def test_a_score_is_explained_by_the_own_metric(build, own):
    """share_of_annual_sales has three of five parts of bond_score, in full from 0.40 on; the parts add up."""
    found = build.query_build(
        "select store_id, period_index, metric, contribution"
        " from segmentation_build.fct_store_score_contributions where score = 'bond_score'"
    )
    shares = {key: values["share_of_annual_sales"] for key, values in own.metrics["store"].items()}
    wanted = {
        key: reference.rounded(60 * min(max(Fraction(share), 0), Fraction(2, 5)) / Fraction(2, 5))
        if share is not None
        else Decimal(0)
        for key, share in shares.items()
    }
    assert {(s, p): points for s, p, metric, points in found if metric == "share_of_annual_sales"} == wanted
    totals: dict[tuple, Decimal] = {}
    for store, period, _, points in found:
        totals[store, period] = totals.get((store, period), Decimal(0)) + points
    scores = build.query("select store_id, period_index, value from fct_store_scores where score = 'bond_score'")
    assert {(s, p): value for s, p, value in scores if value is not None}
    assert all(value is None or value == totals[store, period] for store, period, value in scores)


def test_own_attribute_has_its_values(build, own):
    found = build.query_build(
        "select store_id, value from segmentation_build_intermediate.int_store_attributes"
        " where attribute = 'order_frequency'"
    )
    assert dict(found) == {store: values["order_frequency"][0] for store, values in own.attributes["store"].items()}


def test_own_models_and_columns_are_described(build):
    nodes = [node for node in build.manifest["nodes"].values() if node["package_name"] == "adventureworks"]
    for node in [node for node in nodes if node["resource_type"] == "model"]:
        assert node["description"].strip(), node["name"]
        found = build.query_build(
            "select column_name from information_schema.columns where table_schema = ? and table_name = ?",
            [node["schema"], node["name"]],
        )
        described = {name for name, column in node["columns"].items() if column["description"].strip()}
        assert {name for (name,) in found} == described, node["name"]


def test_own_policy_is_loaded_as_text(build):
    """Nobody says so in the example: the package's YAML reaches the seeds that take the place of its own."""
    types = build.query_build(
        "select distinct table_name, data_type from information_schema.columns"
        " where table_schema = 'segmentation_build_policy'"
        " and table_name in ('schemes', 'segments', 'segment_rules', 'score_weights')"
    )
    assert sorted(types) == [(name, "VARCHAR") for name in ("schemes", "score_weights", "segment_rules", "segments")]


def test_picture_is_the_projects(build):
    drawn = timeline(build.published, "AW00000531", "value", "order_value_quarter", "TOP")
    assert drawn == (EXAMPLE / "sunny-place-bikes.svg").read_text()


def test_assignments_are_those_worked_out_by_hand(build, by_hand):
    account = {key: row["account_number"] for key, row in by_hand.stores.items()}
    wanted = {
        (account[store], str(rep), first, None if end == date.max else end)
        for store, rep, first, end in by_hand.times_of_care
        if first < end
    }
    found = build.query_build(f"select store_id, rep_id, valid_from, valid_to from {OWN_SCHEMA}.sfa_store_assignments")
    assert len(found) == len(wanted) == 1160
    assert set(found) == wanted


def test_rep_metric_is_the_one_worked_out_by_hand(build, by_hand):
    found = {
        (rep, month): ratio
        for rep, month, ratio in build.query("select rep_id, period_index, top_client_ratio from fct_rep_metrics")
    }
    assert found == {
        key: None if ratio is None else reference.rounded(ratio) for key, ratio in by_hand.client_ratios.items()
    }


@pytest.mark.parametrize("scheme", ENTITIES)
def test_every_segment_is_the_one_worked_out_by_hand(scheme, build, segments_by_hand):
    entity = ENTITIES[scheme]
    found = {
        (entity_id, month): segment
        for entity_id, month, segment in build.query(
            f"select {entity}_id, period_index, segment from fct_{entity}_segment_history where scheme = ?", [scheme]
        )
    }
    assert found == segments_by_hand[scheme]


@pytest.mark.parametrize("scheme", ENTITIES)
def test_counts_of_each_quarter(scheme, segments_by_hand):
    assert quarterly(segments_by_hand[scheme]) == COUNTS[scheme]


def test_plain_dbt_builds_it_too(build, tmp_path):
    """With the package's unit tests, under the user's vars; after a make build, which loads the raw tables."""
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    shutil.copy(build.build_db, warehouse)
    outcome = dbt(["build"], warehouse, DBT_PROJECT_DIR=EXAMPLE)
    kinds = {row.node.resource_type.value for row in outcome.result}
    assert {"seed", "model", "test", "unit_test"} <= kinds
    assert "snapshot" not in kinds
    history = "select * from segmentation_build.fct_store_segment_history order by all"
    assert rows(warehouse / "build.duckdb", history) == build.query_build(history)


def test_postgresql_publishes_the_same(build, postgres, tmp_path):
    server = postgres.database()
    run_refresh(tmp_path, PROJECT_DIR=EXAMPLE, DATA_DIR=EXAMPLE / "data", TARGET="postgres", **server)
    assert published_differences(build.published, server) == {}
