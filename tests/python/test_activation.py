"""Scenarios 1 to 5 of the project's purpose, from the raw event to what a receiver is sent.

One small company is refreshed and delivered on three days, as a scheduler would: when May, June and August have
closed. Each scenario is a raw event in June; the file that the delivery wrote must say what it brought.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import PROJECT, Build, clean_environment, run_refresh

MAY_CLOSED, JUNE_CLOSED, AUGUST_CLOSED = "2026-06-10", "2026-07-10", "2026-09-10"
MONTHS = [date(2025, month, 1) for month in range(9, 13)] + [date(2026, month, 1) for month in range(1, 9)]
JUNE, JULY, AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
TOP_STORES = [f"S-TOP-{number}" for number in range(1, 6)]
PERFECT = {
    "facing_share": 40,
    "assortment_count": 10,
    "price_gap": 0,
    "out_of_stock_count": 0,
    "pos_material": 1,
    "fridge_clean": 1,
}
# sales of WATER-STILL by month: over its threshold of 50,000 in June, in the band in July, below it in August
WATER = {JUNE: 60_000, JULY: 48_000, AUGUST: 20_000}


class Company:
    """Raw tables as CSV, of what has happened until a day."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.rows: dict[str, list[tuple[date, dict]]] = {}
        self.master()
        for month in MONTHS:
            self.month(month)

    def add(self, table: str, day: date, **row: object) -> None:
        self.rows.setdefault(table, []).append((day, row))

    def master(self) -> None:
        start = MONTHS[0]
        for store in [*TOP_STORES, "S-PORTAL", "S-ORDERS", "S-WATER"]:
            self.add("erp_stores", start, store_id=store, store_name=store, channel="traditional", region="NORTH")
        self.add(
            "erp_products",
            start,
            product_id="P-JUICE",
            product_name="Juice",
            product_group="JUICE",
            brand="B",
            category="DRINKS",
            unit_cost=1,
        )
        self.add(
            "erp_products",
            start,
            product_id="P-WATER",
            product_name="Water",
            product_group="WATER-STILL",
            brand="B",
            category="DRINKS",
            unit_cost=1,
        )
        self.add(
            "sfa_reps",
            start,
            rep_id="R-1",
            rep_name="Rep One",
            region="NORTH",
            manager_id="M-1",
            email="rep@example.com",
        )
        for store in [*TOP_STORES, "S-PORTAL"]:
            rep = "R-1" if store in TOP_STORES else "R-2"
            self.add("sfa_store_assignments", start, store_id=store, rep_id=rep, valid_from=start)

    def order(self, store: str, day: date, amount: float, product: str = "P-JUICE") -> None:
        order = f"{store}-{day}-{product}"
        self.add("erp_orders", day, order_id=order, store_id=store, ordered_at=f"{day} 10:00:00", status="invoiced")
        self.add(
            "erp_order_lines",
            day,
            order_id=order,
            line_number=1,
            product_id=product,
            quantity=amount,
            net_amount=amount,
        )

    def month(self, month: date) -> None:
        for store in [*TOP_STORES, "S-PORTAL"]:
            self.order(store, month + timedelta(4), 200)
        # 4: the mean order of the quarter passes 1,500 with June
        self.order("S-ORDERS", month + timedelta(6), 5_000 if month == JUNE else 400)
        self.order("S-WATER", month + timedelta(8), WATER.get(month, 1_000), "P-WATER")
        # 3 and 2: audits are poor until June, then perfect
        for store in TOP_STORES:
            visit = f"V-{store}-{month}"
            self.add(
                "sfa_visits",
                month + timedelta(9),
                visit_id=visit,
                store_id=store,
                rep_id="R-1",
                started_at=f"{month + timedelta(9)} 09:00:00",
                status="done",
                is_planned="true",
            )
            for kpi, value in PERFECT.items():
                poor = month < JUNE and kpi != "price_gap"
                self.add(
                    "sfa_audit_answers",
                    month + timedelta(9),
                    visit_id=visit,
                    kpi=kpi,
                    value=(9 if kpi == "out_of_stock_count" else 0) if poor else value,
                )
        # 1: 100 points for orders on the portal and 100 for trainings a month, from February on
        if date(2026, 2, 1) <= month <= JUNE:
            for number in range(7):
                kind = "order_placed" if number < 5 else "training_completed"
                self.add(
                    "portal_events",
                    month + timedelta(number),
                    event_id=f"E-{month}-{number}",
                    store_id="S-PORTAL",
                    occurred_at=f"{month + timedelta(number)} 12:00:00",
                    event_type=kind,
                )

    def write(self, until: str) -> Path:
        for table, rows in self.rows.items():
            known = [row for day, row in rows if day <= date.fromisoformat(until)]
            with open(self.folder / f"{table}.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, list(known[0]))
                writer.writeheader()
                writer.writerows(known)
        return self.folder


def deliver(build: Build, config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.deliver", "--config", str(config)],
        cwd=PROJECT,
        env=clean_environment(WAREHOUSE_DIR=build.warehouse),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> tuple[Build, dict[str, list[dict]]]:
    """The warehouse after the last day, and what was delivered on each day."""
    folder = tmp_path_factory.mktemp("activation")
    (folder / "company").mkdir()
    company = Company(folder / "company")
    build = Build(folder / "warehouse", folder / "company")
    outbox, config = folder / "outbox", folder / "delivery.yml"
    config.write_text(
        f"targets:\n  files:\n    kind: jsonl\n    folder: {outbox}\n    what: [treatments, segments, alerts]\n"
    )
    delivered, seen = {}, set()
    for day in (MAY_CLOSED, JUNE_CLOSED, AUGUST_CLOSED):
        run_refresh(build.warehouse, DATA_DIR=company.write(day), AS_OF_DATE=day)
        deliver(build, config)
        files = sorted(set(outbox.glob("*.jsonl")) - seen)
        seen |= set(files)
        delivered[day] = [
            json.loads(line) | {"kind": file.name.split("_")[1].rstrip("s")}
            for file in files
            for line in file.read_text().splitlines()
        ]
    return build, delivered


def sent(delivered: list[dict], **wanted: str) -> list[dict]:
    return [row for row in delivered if all(row.get(name) == value for name, value in wanted.items())]


def only(delivered: list[dict], **wanted: str) -> dict:
    (row,) = sent(delivered, **wanted)
    return row


def test_1_portal_points_make_a_store_premium_with_better_terms(days):
    build, delivered = days
    assert build.query(
        "select loyalty_points from fct_store_metrics where store_id = 'S-PORTAL' and period_start_date = ?", [JUNE]
    ) == [(1000,)]
    before = only(delivered[MAY_CLOSED], entity_id="S-PORTAL", treatment="loyalty_terms")
    assert (before["value"], before["segment"]) == ("BASIC", "STANDARD")
    june = delivered[JUNE_CLOSED]
    assert only(june, entity_id="S-PORTAL", scheme="loyalty", kind="segment")["segment"] == "PREMIUM"
    after = only(june, entity_id="S-PORTAL", treatment="loyalty_terms")
    assert (after["operation"], after["value"], after["segment"]) == ("upsert", "PREMIUM", "PREMIUM")
    assert only(june, entity_id="S-PORTAL", treatment="discount_rate")["value"] == "0.04"


def test_2_a_rep_with_top_clients_gets_a_better_car_and_budget(days):
    build, delivered = days
    assert build.query(
        "select clients, top_client_ratio from fct_rep_metrics where rep_id = 'R-1' and period_start_date = ?", [JUNE]
    ) == [(5, 1)]
    assert only(delivered[MAY_CLOSED], entity_id="R-1", treatment="promo_budget")["value"] == "500"
    june, august = delivered[JUNE_CLOSED], delivered[AUGUST_CLOSED]
    assert only(june, entity_id="R-1", scheme="portfolio", kind="segment")["segment"] == "TOP"
    # from the next period on, and the car that he has stays until then
    assert not sent(june, entity_id="R-1", treatment="promo_budget", value="2000")
    assert only(august, entity_id="R-1", treatment="promo_budget")["value"] == "2000"
    car = only(august, entity_id="R-1", treatment="car_class")
    assert (car["value"], car["in_force_since"]) == ("UPPER_MIDDLE", "2026-08-01")


def test_3_a_perfect_store_is_top_with_promotions(days):
    build, delivered = days
    for store in TOP_STORES:
        june = delivered[JUNE_CLOSED]
        assert only(june, entity_id=store, scheme="perfect_store", kind="segment")["segment"] == "TOP"
        assert only(june, entity_id=store, treatment="promotion")["value"] == "PERFECT_STORE_BONUS"
    told = only(delivered[JUNE_CLOSED], entity_id="S-TOP-1", signal="promoted", kind="alert")
    assert (told["recipient_type"], told["recipient_id"]) == ("rep", "R-1")
    assert told["text"] == "S-TOP-1 rose from Standard to Top in Perfect Store"


def test_4_the_average_order_gives_a_discount_and_a_visit_more(days):
    build, delivered = days
    assert [
        row[0]
        for row in build.query(
            "select order_value_avg_quarter >= 1500 from fct_store_metrics where store_id = 'S-ORDERS'"
            " and period_start_date between date '2026-05-01' and date '2026-06-01' order by period_start_date"
        )
    ] == [False, True]
    assert only(delivered[MAY_CLOSED], entity_id="S-ORDERS", treatment="discount_rate")["value"] == "0.01"
    assert only(delivered[JUNE_CLOSED], entity_id="S-ORDERS", scheme="value", kind="segment")["segment"] == "GOLD"
    # the discount from the next period on, the visits with the next planning cycle: both by the third day
    august = delivered[AUGUST_CLOSED]
    assert only(august, entity_id="S-ORDERS", treatment="discount_rate")["value"] == "0.05"
    assert only(august, entity_id="S-ORDERS", treatment="visits_per_cycle")["value"] == "4"
    # between the two the store was never without: what it had ended when what it got began
    ledger = build.query(
        "select value, event, effective_on from fct_treatment_ledger where entity_id = 'S-ORDERS'"
        " and treatment = 'visits_per_cycle' order by decided_on, event desc"
    )
    assert [row[:2] for row in ledger] == [("1", "granted"), ("1", "withdrawn"), ("4", "granted")]
    assert ledger[1][2] == ledger[2][2] == date(2026, 8, 3)


def test_5_a_product_group_gets_a_better_margin_until_sales_fall_below_the_band(days):
    build, delivered = days
    history = build.query(
        "select segment from fct_product_group_segment_history where product_group_id = 'group:WATER-STILL'"
        " and scheme = 'sales_threshold' and period_start_date >= date '2026-05-01' order by period_start_date"
    )
    assert [row[0] for row in history] == ["BASE", "PREFERRED", "PREFERRED", "BASE"]
    ledger = build.query(
        "select value, event, decided_on, effective_on from fct_treatment_ledger"
        " where entity_id = 'group:WATER-STILL' and treatment = 'product_margin_rate' order by decided_on, event, value"
    )
    first, june, august = (date.fromisoformat(day) for day in (MAY_CLOSED, JUNE_CLOSED, AUGUST_CLOSED))
    assert ledger == [
        ("0.20", "granted", first, first),
        ("0.25", "granted", june, date(2026, 8, 1)),
        ("0.20", "withdrawn", june, date(2026, 8, 1)),
        ("0.20", "granted", august, date(2026, 10, 1)),
        ("0.25", "withdrawn", august, date(2026, 10, 1)),
    ]
    margin = only(delivered[AUGUST_CLOSED], entity_id="group:WATER-STILL", treatment="product_margin_rate")
    assert (margin["value"], margin["ends_on"]) == ("0.25", "2026-10-01")
    # of the product the lowest level that has a margin
    assert build.query(
        "select value, level from fct_product_treatments where product_id = 'P-WATER'"
        " and treatment = 'product_margin_rate'"
    ) == [("0.25", "group")]


def test_a_second_delivery_sends_nothing(days):
    build, _ = days
    outbox = build.data_dir.parent / "outbox"
    files = set(outbox.iterdir())
    deliver(build, build.data_dir.parent / "delivery.yml")
    assert set(outbox.iterdir()) == files


def test_the_first_publication_raised_no_alert(days):
    build, delivered = days
    assert not sent(delivered[MAY_CLOSED], kind="alert")
    assert build.query("select min(raised_on) from fct_alerts") == [(date.fromisoformat(JUNE_CLOSED),)]
    keys = [row["alert_key"] for day in delivered.values() for row in sent(day, kind="alert")]
    assert keys and len(keys) == len(set(keys)) == build.query("select count(*) from fct_alerts")[0][0]
