"""A random company whose tables are dirty in every way that the input contract speaks of.

All values are text, as in CSV files: late, repeated, corrected, deleted, unparsable and orphaned rows; credit
notes, returns with positive lines, lines without a product, orders without a store; stores that open, close, or
are known only by an assignment; visits that end before they begin, points taken back, stock of products nobody sells,
attributes that were numbers once, coordinates nowhere on earth. Values come from small pools, so that ties are
frequent.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet

AMOUNTS = ["10", "10", "20", "25.5", "40", "100", "1e2", "0.00005", "33.33335", "7.1", "0", "250", "+60", " 15 "]
BAD_AMOUNTS = ["", "abc", "12,5", "NaN"]
BAD_MOMENTS = ["", "2025-02-30", "yesterday"]


@dataclass(frozen=True)
class Size:
    stores: int = 60
    reps: int = 6
    products: int = 24
    orders: int = 1100
    visits: int = 700
    interactions: int = 400
    category_sales: int = 400
    manual_segments: int = 40
    complaints: int = 260
    stock_levels: int = 700
    work_blocks: int = 260
    survey_answers: int = 60
    portal_events: int = 900
    points_adjustments: int = 150
    epos_sales: int = 500
    points_of_interest: int = 24
    external_metrics: int = 1100


class DirtyCompany:
    """`name` begins every id (also those of product groups), so that several can be one company."""

    def __init__(self, seed: int | str, as_of: date, history_days: int, size: Size = Size(), name: str = ""):
        self.rng, self.size, self.name = random.Random(seed), size, name
        self.as_of, self.first_day = as_of, as_of - timedelta(days=history_days)
        self.tables: dict[str, list[dict]] = {}
        self.numbers: dict[str, int] = {}
        for make in (
            self.stores,
            self.products,
            self.reps,
            self.orders,
            self.assignments,
            self.visits,
            self.attributes,
            self.interactions,
            self.category_sales,
            self.manual_segments,
            self.complaints,
            self.stock_levels,
            self.working_days,
            self.survey_answers,
            self.portal_events,
            self.points_adjustments,
            self.epos_sales,
            self.points_of_interest,
            self.external_metrics,
        ):
            make()
        for name in self.tables:
            self.rng.shuffle(self.tables[name])

    # --- small dice --------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some_day(self, first: date | None = None, last: date | None = None) -> date:
        first, last = first or self.first_day, last or self.as_of
        day = first + timedelta(days=self.rng.randint(0, max((last - first).days, 0)))
        if self.chance(0.15):  # first and last days of a month, where off-by-ones live
            day = day.replace(day=1) - timedelta(days=self.rng.choice([0, 1]))
        return max(day, first)

    def moment(self, day: date) -> str:
        time = self.rng.choice(["00:00:00", "09:30:00", "23:59:59"])
        return self.rng.choice([f"{day} {time}", f"{day}T{time}", f"{day}"])

    def store(self) -> str | None:
        dice = self.rng.random()
        if dice < 0.03:
            return None
        if dice < 0.08:
            return f"{self.name}ghost{self.rng.randint(1, 4)}"  # its master lacks it
        return f"{self.name}s{self.rng.randint(1, self.size.stores):02d}"

    def rep(self) -> str | None:
        dice = self.rng.random()
        return (
            None
            if dice < 0.1
            else f"{self.name}rghost"
            if dice < 0.13
            else f"{self.name}r{self.rng.randint(1, self.size.reps)}"
        )

    def product(self) -> str | None:
        dice = self.rng.random()
        if dice < 0.04:
            return None
        return (
            f"{self.name}pghost{self.rng.randint(1, 2)}"
            if dice < 0.08
            else f"{self.name}p{self.rng.randint(1, self.size.products):02d}"
        )

    def add(self, table: str, row: dict, happened: date | None = None, correct=None) -> None:
        """The row; sometimes with an older version, a repetition, a deletion, or a row that replaces nothing."""
        rows = self.tables.setdefault(table, [])
        loaded = (happened or self.some_day()) + timedelta(days=self.rng.choice([0, 0, 1, 5, 40]))
        row = {**row, "loaded_at": f"{loaded} 12:00:00", "is_deleted": self.rng.choice([None, "false", "false"])}
        if self.chance(0.03):
            row["loaded_at"] = None
        dice = self.rng.random()
        if dice < 0.05 and correct is not None:
            later = datetime(loaded.year, loaded.month, loaded.day) + timedelta(days=self.rng.randint(1, 60))
            rows += [row, {**row, **correct(), "loaded_at": f"{later:%Y-%m-%d %H:%M:%S}"}]
        elif dice < 0.07:
            rows += [row, dict(row)]  # told twice
        elif dice < 0.09:
            key_only = {c: v for c, v in row.items() if c in KEYS[table]}
            deleted = {**key_only, "is_deleted": "true", "loaded_at": f"{loaded + timedelta(days=3)} 12:00:00"}
            rows += [row, deleted]
            if self.chance(0.3):
                rows.append({**row, "loaded_at": f"{loaded + timedelta(days=9)} 12:00:00"})  # and back
        else:
            rows.append(row)

    def late_day(self) -> date:
        """Also after as_of_date: not yet known."""
        return self.some_day(last=self.as_of + timedelta(days=20))

    def place(self) -> dict:
        """Within a few kilometres, some at one spot; without one or both coordinates; nowhere on earth."""
        latitude = self.rng.choice(["50", "50.01", "50.020000", f"50.{self.rng.randint(0, 99999):05d}"])
        longitude = self.rng.choice(["8", "8.015", f"8.{self.rng.randint(0, 99999):05d}"])
        dice = self.rng.random()
        if dice < 0.15:
            latitude, longitude = self.rng.choice([(None, None), (latitude, None), (None, longitude)])
        elif dice < 0.22:
            latitude, longitude = self.rng.choice([("90.000001", longitude), (latitude, "-180.5"), ("-91", "181")])
        elif dice < 0.25:
            latitude, longitude = self.rng.choice([("-90", "180"), ("90", "0"), (latitude, "179.9999"), ("0", "-180")])
        return {"latitude": latitude, "longitude": longitude}

    # --- masters -----------------------------------------------------------------------------------

    def stores(self) -> None:
        rng = self.rng
        for n in range(1, self.size.stores + 1):
            dice = rng.random()
            opened = self.some_day(self.first_day - timedelta(days=400)) if dice < 0.5 else None
            since = self.some_day(self.first_day - timedelta(days=200)) if 0.4 < dice < 0.7 else None
            closed = self.some_day(last=self.as_of + timedelta(days=90)) if self.chance(0.2) else None
            row = {
                "store_id": f"{self.name}s{n:02d}",
                "store_name": f"Store {n}",
                "channel": rng.choice(["traditional", "modern", "gastro", None]),
                "store_group_path": rng.choice(
                    [None, None, "north/a", "north/b", "south", "south/a/x", "/west//a/", "s01"]
                ),
                "legal_type": rng.choice(["individual", "company", None]),
                "region": rng.choice(["N", "S"]),
                "opened_on": opened,
                "closed_on": closed,
                "customer_since": since,
                "is_served": rng.choice(["true", "false", None]),
                **self.place(),
            }
            if n <= self.size.stores * 14 // 15:  # the last few are known only by what refers to them
                self.add(
                    "erp_stores",
                    row,
                    correct=lambda: {"channel": rng.choice(["traditional", "modern"]), **self.place()},
                )
        self.tables["erp_stores"].append({"store_id": " ", "store_name": "no key"})

    def products(self) -> None:
        rng = self.rng
        for n in range(1, self.size.products + 1):
            group = rng.choice([f"{self.name}g1", f"{self.name}g2", f"{self.name}g3", "007", None])
            self.add(
                "erp_products",
                {
                    "product_id": f"{self.name}p{n:02d}",
                    "product_name": f"Product {n}",
                    "product_group": group,
                    "brand": rng.choice(["b1", "b2", None]),
                    "category": rng.choice(["c1", "c2", "c3", None]),
                    "unit_cost": rng.choice(["5", "9.123456", "12.5", "0", None]),
                    "list_price": "20",
                },
                correct=lambda: {"unit_cost": rng.choice(["4", "6.000001"])},
            )

    def reps(self) -> None:
        for n in range(1, self.size.reps + 1):
            self.add(
                "sfa_reps",
                {
                    "rep_id": f"{self.name}r{n}",
                    "rep_name": f"Rep {n}",
                    "region": self.rng.choice(["N", "S"]),
                    "manager_id": f"{self.name}r1",
                    "hired_on": self.some_day(self.first_day - timedelta(days=300)) if self.chance(0.5) else None,
                    "left_on": self.some_day() if self.chance(0.2) else None,
                },
                correct=lambda: {"left_on": None},
            )

    # --- events ------------------------------------------------------------------------------------

    def orders(self) -> None:
        rng = self.rng
        self.tables["erp_orders"], self.tables["erp_order_lines"] = [], []
        for n in range(1, self.size.orders + 1):
            day = self.some_day(last=self.as_of + timedelta(days=20))
            statuses = ["placed", "invoiced", "returned", "cancelled", None, "lost"]
            status = rng.choices(statuses, [3, 6, 1.2, 0.8, 0.1, 0.1])[0]
            order = {
                "order_id": f"{self.name}o{n:04d}",
                "store_id": self.store(),
                "ordered_at": self.moment(day),
                "status": status,
                "order_channel": rng.choice(["rep", "phone", "email", "portal", "edi", "fax", None]),
                "rep_id": self.rep(),
                "supplier_id": rng.choice([None, None, "d1"]),
                "currency": rng.choice([None, "EUR", "EUR", "EUR", "USD"]),
            }
            if self.chance(0.01):
                order["ordered_at"] = rng.choice(BAD_MOMENTS)
            if self.chance(0.01):
                self.tables["erp_orders"].append({**order, "loaded_at": f"{day - timedelta(days=3)} 00:00:00"})
            else:
                self.add(
                    "erp_orders",
                    order,
                    day,
                    lambda: {
                        "status": rng.choice(["invoiced", "cancelled", "returned"]),
                        "store_id": self.store(),
                    },
                )
            is_credit_note = self.chance(0.06)
            for line in range(1, rng.choice([0, 1, 1, 2, 2, 3, 4]) + 1):
                self.line(order["order_id"], line, day, is_credit_note or (status == "returned" and self.chance(0.7)))
        for n in range(5):
            self.line(f"{self.name}nowhere{n}", 1, self.some_day(), False)
        self.line(f"{self.name}o0001", "first", self.some_day(), False)

    def line(self, order_id: str, number, day: date, is_negative: bool) -> None:
        rng = self.rng
        amount, quantity = rng.choice(AMOUNTS), rng.choice(["1", "2", "0.5", "3", "0", None])
        if is_negative or self.chance(0.05):
            amount = "-" + amount.strip(" +")
            quantity = "-" + quantity if quantity else None
        if self.chance(0.015):
            amount = rng.choice(BAD_AMOUNTS)
        self.add(
            "erp_order_lines",
            {
                "order_id": order_id,
                "line_number": str(number),
                "product_id": self.product(),
                "quantity": quantity,
                "net_amount": amount,
                "discount_amount": None,
            },
            day,
            lambda: {"net_amount": rng.choice(AMOUNTS + ["-5"]), "quantity": "1"},
        )

    def assignments(self) -> None:
        for n in range(1, self.size.stores + 3):
            store = f"{self.name}s{n:02d}" if n <= self.size.stores else f"{self.name}ghost{n - self.size.stores + 3}"
            day = self.some_day(self.first_day - timedelta(days=60), self.first_day + timedelta(days=300))
            for _ in range(self.rng.choice([1, 1, 2, 3])):
                until = day + timedelta(days=self.rng.choice([30, 150, 400, 900]))
                self.add(
                    "sfa_store_assignments",
                    {
                        "store_id": store,
                        "rep_id": f"{self.name}r{self.rng.randint(1, self.size.reps)}",
                        "valid_from": day,
                        "valid_to": until if self.chance(0.6) else None,
                    },
                    correct=lambda: {"valid_to": None},
                )
                day = until + timedelta(days=self.rng.choice([-20, 0, 0, 35]))

    def visits(self) -> None:
        rng = self.rng
        kpis = ["facing_share", "assortment_count", "price_gap", "out_of_stock_count", "pos_material", "other", "none"]
        for n in range(1, self.size.visits + 1):
            day = self.some_day(last=self.as_of + timedelta(days=20))
            visit = {
                "visit_id": f"{self.name}v{n:04d}",
                "store_id": self.store() or f"{self.name}s01",
                "rep_id": self.rep(),
                "started_at": self.moment(day),
                "status": rng.choices(["done", "missed", "cancelled", "x"], [8, 1, 1, 0.1])[0],
                "ended_at": rng.choice(
                    [None, f"{day}T00:00", f"{day} 09:30:20", f"{day} 10:00:00", f"{day} 10:00:45.9"]
                ),
                "is_planned": rng.choice(["true", "TRUE", "true", "false", None]),
                "mandatory_steps": rng.choice(["5", "4", "10", "0", None]),
                "completed_steps": rng.choice(["5", "4", "3", "8", "0", None]),
            }
            if self.chance(0.02):
                visit |= rng.choice([{"ended_at": "late"}, {"is_planned": "maybe"}, {"mandatory_steps": "five"}])
            if self.chance(0.01):
                visit["started_at"] = rng.choice(BAD_MOMENTS)
            self.add("sfa_visits", visit, day, lambda: {"status": rng.choice(["done", "missed"])})
            if self.chance(0.25):
                continue
            for kpi in rng.sample(kpis, rng.randint(1, len(kpis))):
                value = rng.choice(
                    {
                        "facing_share": ["0", "13", "40", "50", "-1", "39.999999"],
                        "assortment_count": ["9", "10", "20", "30"],
                        "price_gap": ["0", "0.05", "-0.05", "0.050001", "0.02"],
                        "out_of_stock_count": ["0", "1", "2", "3", "5", "-2"],
                        "pos_material": ["0", "1", "2"],
                    }.get(kpi, ["1"])
                )
                self.add(
                    "sfa_audit_answers",
                    {
                        "visit_id": visit["visit_id"],
                        "kpi": kpi,
                        "value": "" if self.chance(0.02) else value,
                    },
                    day,
                    lambda: {"value": rng.choice(["0", "1", "40"])},
                )
        self.add("sfa_audit_answers", {"visit_id": f"{self.name}v9999", "kpi": "price_gap", "value": "0"})

    def attributes(self) -> None:
        rng = self.rng
        values = {
            "shelf_metres": ["0", "3.9", "4", "10", "-1", "long", "12", None],
            "checkouts": ["1", "2", "3", "7"],
            "traffic": ["LOW", "HIGH", "low", None],
            "colour": ["red"],
            "floor_area": ["40", "80.5", "400", "401", "-5", "1e3", "closed", None],
            "pos_potential": ["0", "20", "10", "+7", "1e15"],
            "surroundings": ["school", "university", "highway", "park", "School", None],
            "visibility": ["1", "2.0000005", "many", "-0.0000004"],
        }
        for n in range(1, self.size.stores + 1):
            if self.chance(0.1):
                continue
            for attribute in values:
                for _ in range(rng.choice([0, 1, 1, 2, 3])):
                    day = self.some_day(last=self.as_of + timedelta(days=20))
                    self.add(
                        "sfa_store_attributes",
                        {
                            "store_id": f"{self.name}s{n:02d}",
                            "attribute": attribute,
                            "value": rng.choice(values[attribute]),
                            "recorded_at": self.moment(day),
                        },
                        day,
                        lambda a=attribute: {"value": rng.choice(values[a])},
                    )

    def interactions(self) -> None:
        for n in range(1, self.size.interactions + 1):
            day = self.some_day(last=self.as_of + timedelta(days=20))
            self.add(
                "crm_interactions",
                {
                    "interaction_id": f"{self.name}i{n}",
                    "store_id": self.store(),
                    "occurred_at": self.moment(day),
                    "channel": self.rng.choice(["phone", "email", "visit", "chat", None]),
                    "minutes": "5",
                },
                day,
                lambda: {"channel": "phone"},
            )

    def category_sales(self) -> None:
        for _ in range(self.size.category_sales):
            day = self.some_day(last=self.as_of + timedelta(days=20))
            self.add(
                "market_category_sales",
                {
                    "store_id": f"{self.name}s{self.rng.randint(1, self.size.stores):02d}",
                    "category": self.rng.choice(["c1", "c2"]),
                    "period_start_date": day,
                    "own_sales": self.rng.choice(["0", "10", "33.3333", "-5", ""]),
                    "category_sales": self.rng.choice(["100", "70", "0", "90.00005", "-20"]),
                },
                day,
                lambda: {"own_sales": "11"},
            )

    def manual_segments(self) -> None:
        choices = {
            "display": ["LARGE-3PLUS-HIGH", "SMALL-1-LOW"],
            "lifecycle": ["BLOCKED", "KEY", "ACTIVE"],
            "perfect_store": ["TOP", "STANDARD"],
            "value": ["GOLD"],
        }
        for _ in range(self.size.manual_segments):
            scheme, day = self.rng.choice(list(choices)), self.some_day()
            until = day + timedelta(days=self.rng.choice([10, 60, 200]))
            self.add(
                "crm_manual_segments",
                {
                    "entity_type": "store",
                    "entity_id": f"{self.name}s{self.rng.randint(1, self.size.stores):02d}",
                    "scheme": scheme,
                    "segment": self.rng.choice(choices[scheme]),
                    "valid_from": day,
                    "valid_to": until if self.chance(0.7) else None,
                    "reason": "random",
                    "set_by": "test",
                },
                day,
            )

    def complaints(self) -> None:
        rng = self.rng
        for n in range(1, self.size.complaints + 1):
            day = self.late_day()
            complaint = {
                "complaint_id": f"{self.name}c{n}",
                "store_id": self.store(),
                "product_id": self.product(),
                "channel": rng.choice(["phone", "email", "portal", None]),
                "opened_at": self.moment(day),
                "closed_at": rng.choice([None, f"{day + timedelta(days=2)}"]),
            }
            if self.chance(0.03):
                complaint[rng.choice(["opened_at", "closed_at"])] = rng.choice(BAD_MOMENTS)
            self.add(
                "erp_complaints",
                complaint,
                day,
                lambda: {"store_id": self.store(), "channel": "phone"},
            )

    def stock_levels(self) -> None:
        amounts = ["0", "0", "1", "4.5", "12", "100", "-3", "2.00005"]
        for _ in range(self.size.stock_levels):
            day = self.some_day(self.first_day - timedelta(days=60), self.as_of + timedelta(days=20))
            self.add(
                "erp_stock_levels",
                {
                    "product_id": self.product(),
                    "warehouse_id": self.rng.choice(["w1", "w1", "w2", None if self.chance(0.1) else "w3"]),
                    "stock_date": day,
                    "quantity": self.rng.choice(BAD_AMOUNTS) if self.chance(0.02) else self.rng.choice(amounts),
                },
                day,
                lambda: {"quantity": self.rng.choice(amounts)},
            )

    def working_days(self) -> None:
        """Days in a row, as many as the threshold of days worked and one more or less."""
        rng = self.rng
        for _ in range(self.size.work_blocks):
            rep, begins = self.rep() or f"{self.name}r1", self.late_day()
            for n in range(rng.choice([1, 3, 4, 5, 5, 6, 14])):
                day = begins + timedelta(days=n)
                minutes = rng.choice(["480", "480", "400", "399.9999", "400.0001", "0", None, "-10"])
                if self.chance(0.01):
                    minutes = "all day"
                self.add(
                    "sfa_working_days",
                    {
                        "rep_id": rep,
                        "work_date": day,
                        "minutes_worked": minutes,
                        "is_day_off": "perhaps" if self.chance(0.01) else rng.choice(["true", *["false", None] * 3]),
                    },
                    day,
                    lambda: {"is_day_off": rng.choice(["true", "false"]), "minutes_worked": "300"},
                )

    def survey_answers(self) -> None:
        for n in range(1, self.size.survey_answers + 1):
            day = self.late_day()
            self.add(
                "crm_survey_answers",
                {
                    "answer_id": f"{self.name}a{n}",
                    "store_id": self.store(),
                    "question": self.rng.choice(["satisfaction", "competitor_purchases", None]),
                    "value": self.rng.choice(["0", "7", "10", "-1", "", "good"]),
                    "answered_at": self.moment(day),
                },
                day,
                lambda: {"value": "5"},
            )

    def portal_events(self) -> None:
        """Also of types that point rules know by another table, and of types that no rule knows."""
        types = ["login", "login", "order_placed", "promotion_viewed", "training_completed", "scrolled", None]
        reserved = ["order", "visit_done", "manual", "interaction:phone"]
        for n in range(1, self.size.portal_events + 1):
            day = self.late_day()
            self.add(
                "portal_events",
                {
                    "event_id": f"{self.name}e{n}",
                    "store_id": self.store(),
                    "occurred_at": self.rng.choice(BAD_MOMENTS) if self.chance(0.01) else self.moment(day),
                    "event_type": self.rng.choice(reserved if self.chance(0.08) else types),
                },
                day,
                lambda: {"event_type": "login", "store_id": self.store()},
            )

    def points_adjustments(self) -> None:
        points = ["100", "-100", "250", "33.3333", "-0.00005", "0", "-1000", "999.9999"]
        for n in range(1, self.size.points_adjustments + 1):
            day = self.late_day()
            self.add(
                "portal_points_adjustments",
                {
                    "adjustment_id": f"{self.name}m{n}",
                    "store_id": self.store(),
                    "points": self.rng.choice(BAD_AMOUNTS) if self.chance(0.02) else self.rng.choice(points),
                    "granted_at": self.moment(day),
                    "granted_by": "test",
                    "reason": self.rng.choice(["goodwill", None]),
                },
                day,
                lambda: {"points": self.rng.choice(points)},
            )

    def epos_sales(self) -> None:
        for _ in range(self.size.epos_sales):
            day = self.late_day()
            self.add(
                "market_epos_sales",
                {
                    "store_id": self.store(),
                    "product_id": self.product(),
                    "sold_on": day,
                    "quantity": self.rng.choice(["1", "0", "-2", None]),
                    "amount": self.rng.choice(BAD_AMOUNTS) if self.chance(0.02) else self.rng.choice([*AMOUNTS, "-20"]),
                },
                day,
                lambda: {"amount": "12.5"},
            )

    def points_of_interest(self) -> None:
        types = ["school", "university", "Fuel Station", "fuel-station", "hospital", "Université 2", None]
        for n in range(1, self.size.points_of_interest + 1):
            kind = self.rng.choice(types)
            point = {"poi_id": f"{self.name}x{n}", "poi_type": kind and f"{self.name}{kind}", **self.place()}
            self.add("market_points_of_interest", point, correct=self.place)

    def external_metrics(self) -> None:
        """Names that external_metrics.csv has a line for and others, also those of attributes and of our metrics."""
        values = {
            "store": {
                "footfall": ["0", "10", "33.333333", "1000", "-1"],
                "rain": ["0", "0.1", "12"],
                "population": ["20000", "5000", "0"],
                "regional_income": ["40000", "1e4"],
                "temperature": ["-3.5", "20", "30.000001"],
                "shelf_metres": ["4", "10", "25"],
                "floor_area": ["100", "400"],
                "distance_to_school": ["0.5", "3", "0"],
                "orders_quarter": ["77"],
                "own_name": ["1", "2.0000005"],
            },
            "rep": {"satisfaction": ["3", "4.5"], "training_days": ["0", "1", "2"], "visit_plan_completion": ["99"]},
            "product_group": {"trend_index": ["90", "110"], "searches": ["1", "1000"]},
        }
        nodes = [f"category:c{n}" for n in (1, 2, 3)] + ["brand:b1", "brand:b2", "group:007", "brand:nobody"]
        nodes += [f"group:{self.name}g{n}" for n in (1, 2)] + [f"product:{self.name}p{n:02d}" for n in range(1, 6)]
        nodes += ["category:unknown"]
        rng = self.rng
        for _ in range(self.size.external_metrics):
            day = self.some_day(self.first_day - timedelta(days=60), self.as_of + timedelta(days=20))
            entity_type = rng.choices(["store", "rep", "product_group", "city"], [14, 2, 2, 0.2])[0]
            entity = {"rep": self.rep, "product_group": lambda: rng.choice(nodes)}.get(entity_type, self.store)()
            metric = rng.choice(list(values.get(entity_type, values["store"])))
            choices = values.get(entity_type, values["store"])[metric]
            for n in range(rng.choice([1, 1, 2, 4])):  # several a month, several a week
                self.add(
                    "market_external_metrics",
                    {
                        "entity_type": entity_type,
                        "entity_id": entity,
                        "metric": metric,
                        "measured_on": day + timedelta(days=n),
                        "value": rng.choice(BAD_AMOUNTS) if self.chance(0.02) else rng.choice(choices),
                    },
                    day + timedelta(days=n),
                    lambda c=choices: {"value": rng.choice(c)},
                )
            if entity_type == "store" and metric in ("shelf_metres", "floor_area") and entity and self.chance(0.3):
                # recorded in the field on the day of the measurement, too
                self.add(
                    "sfa_store_attributes",
                    {
                        "store_id": entity,
                        "attribute": metric,
                        "value": rng.choice(["7", "none", "5.5"]),
                        "recorded_at": self.moment(day),
                    },
                    day,
                )

    def write(self, folder: Path, without: tuple[str, ...] = ()) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            if name in without:
                continue
            columns = list(dict.fromkeys(c for row in rows for c in row))
            data = {c: [None if row.get(c) is None else str(row[c]) for row in rows] for c in columns}
            schema = pyarrow.schema([(c, pyarrow.string()) for c in columns])
            pyarrow.parquet.write_table(pyarrow.table(data, schema=schema), folder / f"{name}.parquet")
        return folder


KEYS = {
    "erp_stores": ("store_id",),
    "erp_products": ("product_id",),
    "erp_orders": ("order_id",),
    "erp_order_lines": ("order_id", "line_number"),
    "sfa_reps": ("rep_id",),
    "sfa_store_assignments": ("store_id", "rep_id", "valid_from"),
    "sfa_visits": ("visit_id",),
    "sfa_audit_answers": ("visit_id", "kpi"),
    "sfa_store_attributes": ("store_id", "attribute", "recorded_at"),
    "crm_interactions": ("interaction_id",),
    "market_category_sales": ("store_id", "category", "period_start_date"),
    "crm_manual_segments": ("entity_type", "entity_id", "scheme", "valid_from"),
    "erp_complaints": ("complaint_id",),
    "erp_stock_levels": ("product_id", "warehouse_id", "stock_date"),
    "sfa_working_days": ("rep_id", "work_date"),
    "crm_survey_answers": ("answer_id",),
    "portal_events": ("event_id",),
    "portal_points_adjustments": ("adjustment_id",),
    "market_epos_sales": ("store_id", "product_id", "sold_on"),
    "market_points_of_interest": ("poi_id",),
    "market_external_metrics": ("entity_type", "entity_id", "metric", "measured_on"),
}
