"""Random histories of what a company delivers, for tests that replay them.

A history is one company of several random sets of entities (each a small DirtyCompany with ids of its own) and the
states in which its tables and its policy stand at one build after another. Between two states every set gets what
was still on its way (late, early, the line before its header) and some random operations; the company as a whole
gets edits of its policy and of its vars, and another as_of_date. Nothing of a set depends on another one, so that
a set that shows a fault can be replayed alone.
"""

from __future__ import annotations

import csv
import random
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet
from dirty_company import AMOUNTS, BAD_AMOUNTS, BAD_MOMENTS, KEYS, DirtyCompany, Size

from scripts.load_sources import contract
from scripts.policy_files import SHIPPED

LAST_DAY = date(2025, 12, 20)
SET_SIZE = Size(
    stores=7,
    reps=2,
    products=6,
    orders=60,
    visits=36,
    interactions=16,
    category_sales=16,
    manual_segments=5,
    complaints=8,
    stock_levels=24,
    work_blocks=6,
    survey_answers=3,
    portal_events=30,
    points_adjustments=8,
    epos_sales=16,
    points_of_interest=4,
    external_metrics=40,
)
# Thresholds as low as the amounts and the scores of these companies.
SCALE = {
    "order_value": 0.05,
    "sales_period": 0.005,
    "perfect_store_score": 0.5,
    "top_client_ratio": 0.4,
    "loyalty_points": 0.1,
    "potential_score": 0.6,
}
Rows = list[dict]


@dataclass
class State:
    """What the company has delivered when a build begins, and what was done since the state before."""

    tables: dict[str, Rows]
    policy: dict[str, Rows]
    as_of: date
    variables: dict
    operations: list[str]

    def write_tables(self, folder: Path) -> Path:
        """The tables as files; one that did not change is left as it is."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            columns = list(contract()[name].columns)
            data = {c: [None if row.get(c) is None else str(row[c]) for row in rows] for c in columns}
            schema = pyarrow.schema([(c, pyarrow.string()) for c in columns])
            new, file = folder / f".{name}", folder / f"{name}.parquet"
            pyarrow.parquet.write_table(pyarrow.table(data, schema=schema), new)
            if file.exists() and file.read_bytes() == new.read_bytes():
                new.unlink()
            else:
                new.replace(file)
        return folder

    def write_policy(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.policy.items():
            with open(folder / name, "w", newline="") as handle:
                writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return folder


class RandomSet:
    """A few stores, reps and products: what has been delivered of them, what is on its way, what happens to them."""

    def __init__(self, seed: str, name: str, history_days: int):
        self.rng, self.name = random.Random(seed), name
        self.dirty = DirtyCompany(f"{seed} rows", LAST_DAY, history_days, SET_SIZE, f"{name}-")
        self.first_day = self.dirty.first_day
        self.waiting = [(table, row) for table, rows in self.dirty.tables.items() for row in rows]
        self.tables: dict[str, Rows] = {table: [] for table in self.dirty.tables}
        self.added = 0
        self.rng.shuffle(self.waiting)

    def step(self, as_of: date) -> list[str]:
        """What this set does before a build; one line for each thing done."""
        self.as_of = as_of
        is_first = not any(self.tables.values())
        done = self.deliver()
        if is_first or self.rng.random() < 0.15:
            return done
        for _ in range(self.rng.randint(1, 4)):
            operation = self.rng.choice(OPERATIONS)
            said = operation(self)
            if said:
                done.append(f"{operation.__name__}: {said}")
        return done

    def deliver(self) -> list[str]:
        """Most rows arrive when they are loaded; some builds later, some before they have happened."""
        waiting, counts = [], {}
        for table, row in self.waiting:
            is_due = (row.get("loaded_at") or "")[:10] <= str(self.as_of)
            if self.rng.random() < (0.85 if is_due else 0.05):
                self.tables[table] = [*self.tables[table], row]
                counts[table] = counts.get(table, 0) + 1
            else:
                waiting.append((table, row))
        self.waiting = waiting
        return ["deliver: " + ", ".join(f"{n} {table}" for table, n in sorted(counts.items()))] if counts else []

    # --- small tools -------------------------------------------------------------------------------

    def pick(self, table: str) -> dict | None:
        """A delivered row that says more than its key."""
        rows = [r for r in self.tables[table] if r.get("is_deleted") != "true" and all(r.get(c) for c in KEYS[table])]
        return self.rng.choice(rows) if rows else None

    def replace(self, table: str, old: dict, new: dict) -> None:
        self.tables[table] = [new if row is old else row for row in self.tables[table]]

    def append(self, table: str, row: dict) -> None:
        self.tables[table] = [*self.tables[table], row]

    def change(self, table: str, **values) -> str | None:
        """Another value in a delivered row: overwritten in place, or corrected by a later row."""
        row = self.pick(table)
        if not row or all(str(row.get(c)) == str(value) for c, value in values.items()):
            return None
        return self.change_row(table, row, **values)

    def change_row(self, table: str, row: dict, **values) -> str:
        if self.rng.random() < 0.5:
            self.replace(table, row, row | values)
            return f"in place, {label(table, row)}: {shown(row, values)}"
        self.append(table, row | values | {"loaded_at": f"{self.as_of} 12:00:00"})
        return f"corrected, {label(table, row)}: {shown(row, values)}"

    def day(self, back: int = 300) -> date:
        """A day before as_of, often a first or a last one of a month."""
        day = self.as_of - timedelta(days=self.rng.randint(0, back))
        if self.rng.random() < 0.3:
            day = day.replace(day=1) - timedelta(days=self.rng.choice([0, 1]))
        return max(day, self.first_day)

    def new_id(self, kind: str) -> str:
        self.added += 1
        return f"{self.name}-{kind}new{self.added}"

    def store(self) -> str:
        return f"{self.name}-s{self.rng.randint(1, SET_SIZE.stores):02d}"

    # --- what can happen ---------------------------------------------------------------------------

    def order_moves_to_another_period(self):
        return self.change("erp_orders", ordered_at=f"{self.day()} 10:00:00")

    def order_moves_to_another_store(self):
        return self.change("erp_orders", store_id=self.rng.choice([self.store(), self.store(), None]))

    def order_status_changes(self):
        return self.change("erp_orders", status=self.rng.choice(["cancelled", "returned", "invoiced", "lost"]))

    def order_is_told_without_its_moment(self):
        return self.change("erp_orders", ordered_at=self.rng.choice(BAD_MOMENTS))

    def amount_changes(self):
        return self.change("erp_order_lines", net_amount=self.rng.choice([*AMOUNTS, "-20", *BAD_AMOUNTS]))

    def line_gets_another_product(self):
        return self.change("erp_order_lines", product_id=f"{self.name}-p{self.rng.randint(1, SET_SIZE.products):02d}")

    def amounts_are_exchanged(self):
        """In place: as many rows as before, and the same sum."""
        one, other = self.pick("erp_order_lines"), self.pick("erp_order_lines")
        if not one or one is other or one.get("net_amount") == other.get("net_amount"):
            return None
        self.replace("erp_order_lines", one, one | {"net_amount": other["net_amount"]})
        self.replace("erp_order_lines", other, other | {"net_amount": one["net_amount"]})
        return f"{label('erp_order_lines', one)} and {label('erp_order_lines', other)}"

    def orders_exchange_their_moments(self):
        """In place: no order more or less in any period, but not the same ones."""
        one, other = self.pick("erp_orders"), self.pick("erp_orders")
        if not one or one is other or one["ordered_at"] == other["ordered_at"]:
            return None
        self.replace("erp_orders", one, one | {"ordered_at": other["ordered_at"]})
        self.replace("erp_orders", other, other | {"ordered_at": one["ordered_at"]})
        return f"{label('erp_orders', one)} and {label('erp_orders', other)}"

    def late_order(self):
        order, day = self.new_id("o"), self.day()
        row = {"order_id": order, "store_id": self.store(), "ordered_at": f"{day}", "status": "invoiced"}
        self.append("erp_orders", row | {"rep_id": f"{self.name}-r1", "loaded_at": f"{self.as_of} 08:00:00"})
        for number in ("1", "2"):
            line = {"order_id": order, "line_number": number, "net_amount": self.rng.choice(AMOUNTS), "quantity": "1"}
            line["product_id"] = f"{self.name}-p{self.rng.randint(1, SET_SIZE.products):02d}"
            self.append("erp_order_lines", line)
        return f"{order} of {row['store_id']} on {day}"

    def header_goes_and_comes_back_later(self):
        row = self.pick("erp_orders")
        if not row:
            return None
        self.tables["erp_orders"] = [r for r in self.tables["erp_orders"] if r is not row]
        self.waiting.append(("erp_orders", row))
        return label("erp_orders", row)

    def rows_vanish(self):
        table = self.rng.choice(list(self.tables))
        row = self.pick(table)
        if not row:
            return None
        key = key_of(table, row)
        self.tables[table] = [r for r in self.tables[table] if key_of(table, r) != key]
        return label(table, row)

    def row_is_deleted(self):
        table = self.rng.choice(list(self.tables))
        row = self.pick(table)
        if not row:
            return None
        key_only = {c: row[c] for c in KEYS[table]}
        self.append(table, key_only | {"is_deleted": "true", "loaded_at": f"{self.as_of} 13:00:00"})
        return label(table, row)

    def deletion_is_taken_back(self):
        table = self.rng.choice(list(self.tables))
        deletions = [row for row in self.tables[table] if row.get("is_deleted") == "true"]
        if not deletions:
            return None
        gone = self.rng.choice(deletions)
        self.tables[table] = [row for row in self.tables[table] if row is not gone]
        return label(table, gone)

    def rows_are_told_twice(self):
        table = self.rng.choice(list(self.tables))
        row = self.pick(table)
        if not row:
            return None
        self.append(table, dict(row))
        return label(table, row)

    def another_version_counts(self):
        """In place: only loaded_at changes, and with it which of the rows of a key is the last."""
        table = self.rng.choice(list(self.tables))
        seen: dict[tuple, dict] = {}
        for row in self.tables[table]:
            first = seen.setdefault(key_of(table, row), row)
            if first is not row and first.get("loaded_at") != row.get("loaded_at"):
                self.replace(table, first, first | {"loaded_at": row.get("loaded_at")})
                self.replace(table, row, row | {"loaded_at": first.get("loaded_at")})
                return label(table, row)
        return None

    def rows_stand_in_another_order(self):
        table = self.rng.choice(list(self.tables))
        self.tables[table] = self.rng.sample(self.tables[table], len(self.tables[table]))
        return table

    def store_moves_to_another_channel(self):
        return self.change("erp_stores", channel=self.rng.choice(["traditional", "modern", "gastro", None]))

    def store_dates_change(self):
        dates = {c: self.rng.choice([None, self.day(500)]) for c in ("opened_on", "customer_since")}
        closed = self.rng.choice([None, None, self.day(150), self.as_of + timedelta(days=20)])
        return self.change("erp_stores", **dates, closed_on=closed)

    def store_master_changes(self):
        path = self.rng.choice([None, "north/a", "north/b", "south", "west/x/y"])
        return self.change("erp_stores", store_group_path=path, region=self.rng.choice(["N", "S", "E", None]))

    def inferred_store_gets_its_master(self):
        row = {"store_id": f"{self.name}-ghost{self.rng.randint(1, 4)}", "store_name": "Known at last"}
        self.append("erp_stores", row | {"channel": "traditional", "loaded_at": f"{self.as_of} 09:00:00"})
        return label("erp_stores", row)

    def assignment_changes(self):
        day = self.day(200)
        values = self.rng.choice([{"valid_to": None}, {"valid_to": day}, {"valid_from": day}])
        return self.change("sfa_store_assignments", **values)

    def assignment_goes_to_another_rep(self):
        return self.change("sfa_store_assignments", rep_id=f"{self.name}-r{self.rng.randint(1, SET_SIZE.reps)}")

    def rep_changes(self):
        dates = {c: self.rng.choice([None, self.day(300)]) for c in ("hired_on", "left_on")}
        return self.change("sfa_reps", **dates, region=self.rng.choice(["N", "S"]))

    def product_moves_to_another_group(self):
        group = self.rng.choice([f"{self.name}-g{n}" for n in (1, 2, 3, 4)])
        return self.change("erp_products", product_group=group)

    def product_master_changes(self):
        values = {
            "brand": ["b1", "b2", "b9", None],
            "category": ["c1", "c2", "c3", None],
            "unit_cost": ["1", "7", None],
        }
        return self.change("erp_products", **{c: self.rng.choice(choices) for c, choices in values.items()})

    def override_is_added(self):
        day = self.day(150)
        until = self.rng.choice([None, day + timedelta(days=self.rng.randint(5, 120))])
        scheme, segment = self.rng.choice(
            [("lifecycle", "BLOCKED"), ("value", "GOLD"), ("perfect_store", "TOP"), ("display", "SMALL-1-LOW")]
        )
        row = {"entity_type": "store", "entity_id": self.store(), "scheme": scheme, "segment": segment}
        row |= {"valid_from": day, "valid_to": until, "set_by": "test", "loaded_at": f"{self.as_of} 07:00:00"}
        self.append("crm_manual_segments", row)
        return f"{label('crm_manual_segments', row)} {segment} until {until}"

    def override_ends(self):
        return self.change("crm_manual_segments", valid_to=self.day(60))

    def late_audit(self):
        visit, day, store = self.new_id("v"), self.day(), self.store()
        row = {"visit_id": visit, "store_id": store, "rep_id": f"{self.name}-r1", "started_at": f"{day} 09:00:00"}
        self.append("sfa_visits", row | {"status": "done", "loaded_at": f"{self.as_of} 08:00:00"})
        for kpi, values in {"facing_share": ["0", "60"], "assortment_count": ["9", "40"], "price_gap": ["0"]}.items():
            answer = {"visit_id": visit, "kpi": kpi, "value": self.rng.choice(values)}
            self.append("sfa_audit_answers", answer | {"loaded_at": f"{self.as_of} 08:00:00"})
        return f"{visit} of {store} on {day}"

    def visit_changes(self):
        values = [{"status": "missed"}, {"status": "done"}, {"started_at": f"{self.day()} 09:00:00"}]
        return self.change("sfa_visits", **self.rng.choice(values))

    def answer_changes(self):
        return self.change("sfa_audit_answers", value=self.rng.choice(["0", "1", "40", "100", ""]))

    def attribute_changes(self):
        return self.change("sfa_store_attributes", value=self.rng.choice(["0", "4", "12", "LOW", "HIGH"]))

    def attribute_is_told_late(self):
        row = self.pick("sfa_store_attributes")
        if not row:
            return None
        moved = row | {"recorded_at": f"{self.day()} 08:00:00", "loaded_at": f"{self.as_of} 08:00:00"}
        self.append("sfa_store_attributes", moved)
        return label("sfa_store_attributes", moved)

    def points_are_granted_or_taken_back(self):
        row = {"adjustment_id": self.new_id("j"), "store_id": self.store(), "points": self.rng.choice(["300", "-80"])}
        row |= {"granted_at": f"{self.day()} 10:00:00", "reason": "test", "loaded_at": f"{self.as_of} 08:00:00"}
        self.append("portal_points_adjustments", row)
        return label("portal_points_adjustments", row)

    def portal_event_changes(self):
        values = [{"event_type": "order_placed"}, {"store_id": self.store()}, {"occurred_at": f"{self.day()} 11:00:00"}]
        return self.change("portal_events", **self.rng.choice(values))

    def external_metric_changes(self):
        values = [{"value": self.rng.choice(["0", "55.5", "9000", "x"])}, {"measured_on": self.day()}]
        return self.change("market_external_metrics", **self.rng.choice(values))

    def working_day_changes(self):
        return self.change(
            "sfa_working_days",
            minutes_worked=self.rng.choice(["0", "300", "480"]),
            is_day_off=self.rng.choice(["true", ""]),
        )

    def stock_changes(self):
        return self.change("erp_stock_levels", quantity=self.rng.choice(["0", "-3", "5000"]))

    def complaint_changes(self):
        return self.change("erp_complaints", opened_at=f"{self.day()} 12:00:00", store_id=self.store())

    def sell_out_changes(self):
        return self.change("market_epos_sales", amount=self.rng.choice(["0", "75.25"]), sold_on=self.day())

    def interaction_changes(self):
        return self.change("crm_interactions", occurred_at=f"{self.day()} 12:00:00", store_id=self.store())

    def market_figures_change(self):
        return self.change("market_category_sales", own_sales=self.rng.choice(["0", "50", "x"]), category_sales="100")


OPERATIONS = [
    RandomSet.order_moves_to_another_period,
    RandomSet.order_moves_to_another_period,
    RandomSet.order_moves_to_another_store,
    RandomSet.order_status_changes,
    RandomSet.order_is_told_without_its_moment,
    RandomSet.amount_changes,
    RandomSet.line_gets_another_product,
    RandomSet.amounts_are_exchanged,
    RandomSet.orders_exchange_their_moments,
    RandomSet.late_order,
    RandomSet.late_order,
    RandomSet.header_goes_and_comes_back_later,
    RandomSet.rows_vanish,
    RandomSet.rows_vanish,
    RandomSet.row_is_deleted,
    RandomSet.deletion_is_taken_back,
    RandomSet.rows_are_told_twice,
    RandomSet.another_version_counts,
    RandomSet.rows_stand_in_another_order,
    RandomSet.store_moves_to_another_channel,
    RandomSet.store_dates_change,
    RandomSet.store_master_changes,
    RandomSet.inferred_store_gets_its_master,
    RandomSet.assignment_changes,
    RandomSet.assignment_goes_to_another_rep,
    RandomSet.rep_changes,
    RandomSet.product_moves_to_another_group,
    RandomSet.product_master_changes,
    RandomSet.override_is_added,
    RandomSet.override_ends,
    RandomSet.late_audit,
    RandomSet.visit_changes,
    RandomSet.answer_changes,
    RandomSet.attribute_changes,
    RandomSet.attribute_is_told_late,
    RandomSet.points_are_granted_or_taken_back,
    RandomSet.portal_event_changes,
    RandomSet.external_metric_changes,
    RandomSet.working_day_changes,
    RandomSet.stock_changes,
    RandomSet.complaint_changes,
    RandomSet.sell_out_changes,
    RandomSet.interaction_changes,
    RandomSet.market_figures_change,
]


def key_of(table: str, row: dict) -> tuple:
    return tuple(str(row.get(c)).strip() for c in KEYS[table])


def label(table: str, row: dict) -> str:
    return f"{table} {'|'.join(key_of(table, row))}"


def shown(row: dict, values: dict) -> str:
    return ", ".join(f"{c} {row.get(c)} -> {value}" for c, value in values.items())


# --- policy ----------------------------------------------------------------------------------------------


class RandomPolicy:
    """The shipped policy with low thresholds, and what its owners do to it. It stays without problems."""

    def __init__(self, seed: str):
        self.rng, self.added = random.Random(seed), 0
        self.files = {file.name: list(csv.DictReader(open(file, newline=""))) for file in sorted(SHIPPED.glob("*.csv"))}
        self.rules = [self.scaled(rule, self.factor(rule["metric"])) for rule in self.rules]

    @property
    def rules(self) -> Rows:
        return self.files["segment_rules.csv"]

    @rules.setter
    def rules(self, rows: Rows) -> None:
        self.files["segment_rules.csv"] = rows

    def step(self, as_of: date) -> list[str]:
        self.as_of, done = as_of, []
        if self.rng.random() < 0.6:
            for _ in range(self.rng.randint(1, 2)):
                edit = self.rng.choice(EDITS)
                said = edit(self)
                if said:
                    done.append(f"{edit.__name__}: {said}")
        return done

    @staticmethod
    def factor(metric: str) -> float:
        return next((factor for start, factor in SCALE.items() if metric.startswith(start)), 1)

    @staticmethod
    def scaled(rule: dict, factor: float) -> dict:
        """Both thresholds: exit stays on its side of enter."""
        thresholds = ("enter_threshold", "exit_threshold")
        return rule | {c: f"{float(rule[c]) * factor:.6f}" if rule[c] else rule[c] for c in thresholds}

    def edit_line(self, name: str, line: dict, **values) -> str:
        self.files[name] = [line | values if row is line else row for row in self.files[name]]
        return f"{name} {'|'.join(list(line.values())[:7])}: {shown(line, values)}"

    def a_month(self) -> str:
        """A first day of one of the last months, as validity usually begins; sometimes any day."""
        day = self.as_of - timedelta(days=self.rng.randint(0, 240))
        return str(day.replace(day=1) if self.rng.random() < 0.8 else day)

    def open_rule(self) -> dict:
        return self.rng.choice([rule for rule in self.rules if not rule["valid_to"]])

    # --- edits -------------------------------------------------------------------------------------

    def threshold_changes_for_all_time(self):
        rule = self.open_rule()
        new = self.scaled(rule, self.rng.choice([0.5, 0.9, 1.1, 2]))
        return self.edit_line("segment_rules.csv", rule, **{c: v for c, v in new.items() if v != rule[c]})

    def threshold_changes_from_a_day(self):
        rule, day = self.open_rule(), self.a_month()
        if rule["valid_from"] and rule["valid_from"] >= day:
            return None
        after = self.scaled(rule, self.rng.choice([0.5, 0.8, 1.25, 2])) | {"valid_from": day}
        said = self.edit_line("segment_rules.csv", rule, valid_to=day)
        self.rules = [*self.rules, after]
        return f"{said}, then enter_threshold {after['enter_threshold']}"

    def rule_ends(self):
        rule, day = self.open_rule(), self.a_month()
        if rule["valid_from"] and rule["valid_from"] >= day:
            return None
        return self.edit_line("segment_rules.csv", rule, valid_to=day)

    def patience_changes(self):
        name = self.rng.choice(["enter_after", "exit_after", "hold_periods", "expire_after"])
        return self.edit_line("segment_rules.csv", self.open_rule(), **{name: self.rng.choice(["1", "2", "3"])})

    def rule_group_is_removed(self):
        rule = self.rng.choice(self.rules)
        group = {c: rule[c] for c in ("entity_type", "scheme", "segment", "rule_group")}
        rest = [r for r in self.rules if any(r[c] != v for c, v in group.items())]
        if len(rest) < 20:
            return None
        self.rules = rest
        return "|".join(group.values())

    def scoped_rule_is_added(self):
        of_all = [r for r in self.rules if r["scope"] == "*" and r["scheme"] == "value" and not r["valid_from"]]
        if not of_all:
            return None
        rule = self.rng.choice(of_all)
        scoped = self.scaled(rule, self.rng.choice([0.5, 2])) | {"scope": "gastro", "valid_to": ""}
        key = ("segment", "rule_group", "metric", "operator", "scope")
        if any(all(r[c] == scoped[c] for c in key) and r["scheme"] == "value" for r in self.rules):
            return None
        self.rules = [*self.rules, scoped]
        return "|".join(list(scoped.values())[:7])

    def limits_change(self):
        scheme = self.rng.choice([s for s in self.files["schemes.csv"] if s["kind"] == "rules"])
        values = {"review_every": ["1", "2", "3"], "min_stay_periods": ["0", "1", "4"]}
        if self.levels_ascend(scheme):
            values["demotion"] = ["direct", "one_step"]
        name = self.rng.choice(list(values))
        return self.edit_line("schemes.csv", scheme, **{name: self.rng.choice(values[name])})

    def levels_ascend(self, scheme: dict) -> bool:
        """Whether levels and precedence agree, as one_step wants it."""
        of = [r for r in self.files["segments.csv"] if all(r[c] == scheme[c] for c in ("entity_type", "scheme"))]
        levels = [row["level"] for row in sorted(of, key=lambda row: int(row["precedence"]))]
        return "" not in levels and levels == sorted(set(levels), key=int)

    def scheme_is_added(self):
        self.added += 1
        name = f"watch{self.added}"
        scheme = dict.fromkeys(self.files["schemes.csv"][0], "")
        scheme |= {"entity_type": "store", "scheme": name, "kind": "rules", "label": name, "description": "Added"}
        scheme |= {"applies_to": self.rng.choice(["", "channel=modern"]), "review_every": "1", "demotion": "direct"}
        scheme["min_stay_periods"] = "0"
        segments = [
            {"entity_type": "store", "scheme": name, "segment": segment, "precedence": level, "level": level}
            | {"is_default": is_default, "label": segment, "description": segment}
            for segment, level, is_default in (("QUIET", "1", "true"), ("BUSY", "2", "false"))
        ]
        rule = dict.fromkeys(self.rules[0], "")
        rule |= {"entity_type": "store", "scheme": name, "segment": "BUSY", "rule_group": "orders", "scope": "*"}
        rule |= {"metric": "orders_quarter", "operator": ">=", "enter_threshold": "2", "exit_threshold": "1"}
        self.files["schemes.csv"] = [*self.files["schemes.csv"], scheme]
        self.files["segments.csv"] = [*self.files["segments.csv"], *segments]
        self.rules = [*self.rules, rule]
        return name

    def scheme_is_removed(self):
        added = [s["scheme"] for s in self.files["schemes.csv"] if s["scheme"].startswith("watch")]
        if not added:
            return None
        gone = self.rng.choice(added)
        for name in ("schemes.csv", "segments.csv", "segment_rules.csv"):
            self.files[name] = [row for row in self.files[name] if row["scheme"] != gone]
        return gone

    def label_changes(self):
        name = self.rng.choice(["schemes.csv", "segments.csv"])
        return self.edit_line(name, self.rng.choice(self.files[name]), label=f"Label {self.rng.randint(1, 99)}")

    def display_band_changes(self):
        bands = [band for band in self.files["display_bands.csv"] if band["band"] in ("LARGE", "3PLUS")]
        return self.edit_line(
            "display_bands.csv", self.rng.choice(bands), lower_bound=self.rng.choice(["5", "8", "11"])
        )

    def standard_changes(self):
        standards = [s for s in self.files["perfect_store_standards.csv"] if s["target"] and not s["valid_to"]]
        standard, day = self.rng.choice(standards), self.a_month()
        target = self.rng.choice(["1", "15", "45"])
        if standard["valid_from"] or self.rng.random() < 0.5:
            return self.edit_line("perfect_store_standards.csv", standard, target=target)
        after = standard | {"target": target, "valid_from": day}
        said = self.edit_line("perfect_store_standards.csv", standard, valid_to=day)
        self.files["perfect_store_standards.csv"] = [*self.files["perfect_store_standards.csv"], after]
        return f"{said}, then target {target}"

    def score_weight_changes(self):
        name, values = "score_weights.csv", {"weight": ["1", "5"], "missing": ["0", "1"], "floor": ["-1", "0"]}
        column = self.rng.choice(list(values))
        return self.edit_line(name, self.rng.choice(self.files[name]), **{column: self.rng.choice(values[column])})

    def points_are_worth_something_else(self):
        name = "point_rules.csv"
        values = {"points": ["1", "40"], "cap_per_period": ["", "30"], "decay_per_period": ["", "0.1", "0.5"]}
        column = self.rng.choice(list(values))
        return self.edit_line(name, self.rng.choice(self.files[name]), **{column: self.rng.choice(values[column])})

    def another_event_earns_points(self):
        name = "point_rules.csv"
        known = {line["event"] for line in self.files[name]}
        event = self.rng.choice(["order", "visit_done", "interaction:phone"])
        if event in known:
            self.files[name] = [line for line in self.files[name] if line["event"] != event]
            return f"{event} no more"
        line = dict.fromkeys(self.files[name][0], "") | {"event": event, "points": "7"}
        self.files[name] = [*self.files[name], line | {"per": "50" if event == "order" else "event"}]
        return event

    def cost_rate_changes_from_a_day(self):
        name, day = "cost_rates.csv", self.a_month()
        line = self.rng.choice([line for line in self.files[name] if not line["valid_to"]])
        if line["valid_from"] and line["valid_from"] >= day:
            return None
        said = self.edit_line(name, line, valid_to=day)
        self.files[name] = [*self.files[name], line | {"valid_from": day, "unit_cost": self.rng.choice(["0", "9.99"])}]
        return said

    def external_metric_is_read_otherwise(self):
        name = "external_metrics.csv"
        line = self.rng.choice(self.files[name])
        return self.edit_line(name, line, aggregation=self.rng.choice(["last", "mean", "sum"]))

    def flag_has_other_values(self):
        name = "attribute_flags.csv"
        return self.edit_line(
            name, self.rng.choice(self.files[name]), values=self.rng.choice(["school", "LOW; office"])
        )

    def target_changes(self):
        name = "kpi_targets.csv"
        return self.edit_line(name, self.rng.choice(self.files[name]), target=self.rng.choice(["0", "0.5", "3"]))

    def rfm_band_changes(self):
        name = "rfm_bands.csv"
        line = self.rng.choice([line for line in self.files[name] if line["lower_bound"]])
        return self.edit_line(name, line, lower_bound=f"{float(line['lower_bound']) + 0.5}")


EDITS = [
    RandomPolicy.threshold_changes_for_all_time,
    RandomPolicy.threshold_changes_from_a_day,
    RandomPolicy.threshold_changes_from_a_day,
    RandomPolicy.rule_ends,
    RandomPolicy.patience_changes,
    RandomPolicy.rule_group_is_removed,
    RandomPolicy.scoped_rule_is_added,
    RandomPolicy.limits_change,
    RandomPolicy.scheme_is_added,
    RandomPolicy.scheme_is_removed,
    RandomPolicy.label_changes,
    RandomPolicy.display_band_changes,
    RandomPolicy.standard_changes,
    RandomPolicy.score_weight_changes,
    RandomPolicy.points_are_worth_something_else,
    RandomPolicy.another_event_earns_points,
    RandomPolicy.cost_rate_changes_from_a_day,
    RandomPolicy.external_metric_is_read_otherwise,
    RandomPolicy.flag_has_other_values,
    RandomPolicy.target_changes,
    RandomPolicy.rfm_band_changes,
]


# --- the company -----------------------------------------------------------------------------------------

# Vars that a user may change from one day to the next.
VARIABLES = {
    "closing_lag_days": [0, 3, 10],
    "key_account_level": [1, 2],
    "min_portfolio_size": [1, 2, 5],
    "must_have_cap": [40, 59],
    "min_days_worked": [1, 5],
    "min_weight_present": [0.2, 0.5],
    "attribute_max_age_periods": [None, 0, 2],
    "order_statuses": [["placed", "invoiced"], ["invoiced"]],
    "client_segments": [["NEW", "ACTIVE", "KEY"], ["KEY"]],
}


class History:
    """The states of one company. `only` names the sets to keep: each is the same with and without the others."""

    def __init__(self, seed: str, grain: str, sets: int, states: int, only: set[str] | None = None):
        rng = random.Random(seed)
        days, step = (460, 31) if grain == "month" else (160, 7)
        variables = {"company": "replayed", "period_grain": grain}
        if grain == "week":
            variables["windows"] = {"period": 1, "quarter": 4, "year": 13}
        as_of = LAST_DAY - timedelta(days=step * states)
        policy = RandomPolicy(f"{seed} policy")
        names = [f"s{n}" for n in range(sets)]
        members = [RandomSet(f"{seed} {name}", name, days) for name in names if not only or name in only]
        self.states: list[State] = []
        for number in range(states):
            operations = []
            if number:
                days_on = rng.choice([0, 1, step // 2, step, step, 2 * step, -2 * step])
                as_of = min(as_of + timedelta(days=days_on), LAST_DAY)
                operations += [f"policy: {line}" for line in policy.step(as_of)]
                if rng.random() < 0.25:
                    name = rng.choice(list(VARIABLES))
                    variables = variables | {name: rng.choice(VARIABLES[name])}
                    operations.append(f"var {name}: {variables[name]}")
            for member in members:
                operations += [f"{member.name}: {line}" for line in member.step(as_of)]
            tables = {table: [row for m in members for row in m.tables[table]] for table in KEYS}
            self.states.append(State(tables, dict(policy.files), as_of, dict(variables), operations))


def empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
