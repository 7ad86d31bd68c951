"""A slow, plain reference of every metric, from the raw tables of the input contract.

Written from the text alone (semantics.md, sections 1 and 3 to 7a; sources.md), never from the SQL: the tests
compare the two. Raw rows are dicts, amounts Decimal, quotients Fraction; each metric is rounded once, at its
end. A table that the company does not have is None or absent. Keep it dull: what counts is that a reader can
hold it against the text line by line.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path

import duckdb
from oracle import covers, last_closed_period, period_end, period_of

UNKNOWN = "unknown"
ORDER_CHANNELS = ("rep", "phone", "email", "portal", "edi")
INTERACTION_CHANNELS = ("phone", "email", "visit", "chat")
WINDOWS = {"month": {"period": 1, "quarter": 3, "year": 12}, "week": {"period": 1, "quarter": 13, "year": 52}}


@dataclass
class Settings:
    as_of: date
    grain: str = "month"
    closing_lag_days: int = 3
    history_starts_on: date | None = None
    windows: dict[str, int] | None = None
    order_statuses: tuple[str, ...] = ("placed", "invoiced")
    reporting_currency: str | None = None
    key_account_level: int = 1
    product_levels: tuple[str, ...] = ("category", "brand", "group", "product")
    min_portfolio_size: int = 5
    top_client_scheme: str = "perfect_store"
    top_client_segment: str = "TOP"
    client_scheme: str = "lifecycle"
    client_segments: tuple[str, ...] = ("NEW", "ACTIVE", "KEY")
    must_have_cap: Decimal = Decimal(59)
    attribute_max_age_periods: int | None = None
    min_days_worked: int = 5
    min_weight_present: Decimal = Decimal("0.5")

    def window(self, name: str) -> int:
        return (self.windows or WINDOWS[self.grain])[name]

    def period(self, day: date) -> int:
        return period_of(day, self.grain)

    def end_of(self, period: int) -> date:
        return period_end(period, self.grain)

    @property
    def last_closed(self) -> int:
        return last_closed_period(self.as_of, self.closing_lag_days, self.grain)


@dataclass
class Policy:
    """The policy CSVs that metrics read."""

    schemes: list[dict] = field(default_factory=list)
    display_bands: list[dict] = field(default_factory=list)
    standards: list[dict] = field(default_factory=list)
    external_metrics: list[dict] = field(default_factory=list)
    attribute_flags: list[dict] = field(default_factory=list)
    score_weights: list[dict] = field(default_factory=list)
    point_rules: list[dict] = field(default_factory=list)
    cost_rates: list[dict] = field(default_factory=list)

    def scheme(self, entity_type: str, name: str) -> dict | None:
        return next((s for s in self.schemes if (s["entity_type"], s["scheme"]) == (entity_type, name)), None)


def read_policy(folder: Path, shipped: Path) -> Policy:
    def lines(name: str) -> list[dict]:
        file = folder / f"{name}.csv"
        with open(file if file.exists() else shipped / f"{name}.csv", newline="", encoding="utf-8-sig") as handle:
            return [{k: (v or "").strip() or None for k, v in row.items()} for row in csv.DictReader(handle)]

    return Policy(
        lines("schemes"),
        lines("display_bands"),
        lines("perfect_store_standards"),
        lines("external_metrics"),
        lines("attribute_flags"),
        lines("score_weights"),
        lines("point_rules"),
        lines("cost_rates"),
    )


def read_tables(folder: Path) -> dict[str, list[dict]]:
    """Contract tables as rows; of files that are not there, nothing."""
    tables = {}
    with duckdb.connect() as connection:
        for path in sorted(Path(folder).glob("*.parquet")):
            cursor = connection.execute(f"select * from read_parquet('{path}')")
            names = [column[0] for column in cursor.description]
            tables[path.stem] = [dict(zip(names, row)) for row in cursor.fetchall()]
    return tables


# --- exact numbers ---------------------------------------------------------------------------------


def rounded(value: Fraction | Decimal | int, places: int = 6) -> Decimal:
    """Half away from zero."""
    over, under = value.as_integer_ratio()
    whole = (2 * abs(over) * 10**places + under) // (2 * under)
    with localcontext() as context:
        context.prec = 60
        number = Decimal(whole).scaleb(-places)
        return -number if over < 0 else number


def ratio(over: Fraction | Decimal | int, under: Fraction | Decimal | int) -> Fraction:
    return Fraction(over) / Fraction(under)


def total(amounts) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return sum(amounts, Decimal(0))


# --- the input contract: cleaning, and which row of a key counts ---------------------------------------


class Unusable(Exception):
    pass


NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")


def text(value) -> str | None:
    return None if value is None else str(value).strip() or None


def number(places: int):
    def parse(value) -> Decimal | None:
        value = text(value)
        if value is None:
            return None
        if not NUMBER.fullmatch(value):
            raise Unusable("number")
        parsed = rounded(Fraction(value), places)
        if abs(parsed) >= Decimal(10) ** (18 - places):
            raise Unusable("number")
        return parsed

    return parse


def integer(value) -> int | None:
    parsed = number(0)(value)
    return None if parsed is None else int(parsed)


def moment(value) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    value = text(value)
    if value is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"):
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d.*", value):
                return datetime.strptime(value.replace(" ", "T"), form)
        except ValueError:
            continue
    raise Unusable("date")


def day(value) -> date | None:
    parsed = moment(value)
    if parsed is not None and (parsed.hour or parsed.minute or parsed.second) and not isinstance(value, datetime):
        raise Unusable("date")
    return None if parsed is None else parsed.date()


def truth(value) -> bool | None:
    if isinstance(value, bool) or value is None:
        return value
    found = {"true": True, "false": False}.get(str(value).strip().lower())
    if found is None and text(value) is not None:
        raise Unusable("boolean")
    return found


amount, measure = number(4), number(6)


@dataclass(frozen=True)
class Contract:
    key: tuple[str, ...]
    columns: dict[str, object]
    event_time: str | None = None
    needed: tuple[str, ...] = ()
    statuses: tuple[str, ...] | None = None
    accepted: tuple[str, tuple[str, ...]] | None = None


CONTRACT = {
    "erp_stores": Contract(
        ("store_id",),
        dict(
            store_id=text,
            store_name=text,
            channel=text,
            store_group_path=text,
            legal_type=text,
            industry=text,
            region=text,
            city=text,
            latitude=measure,
            longitude=measure,
            opened_on=day,
            closed_on=day,
            customer_since=day,
            is_served=truth,
            contact_email=text,
            contact_phone=text,
        ),
    ),
    "erp_products": Contract(
        ("product_id",),
        dict(
            product_id=text,
            product_name=text,
            product_group=text,
            brand=text,
            category=text,
            unit_cost=measure,
            list_price=measure,
        ),
    ),
    "erp_orders": Contract(
        ("order_id",),
        dict(
            order_id=text,
            store_id=text,
            ordered_at=moment,
            status=text,
            order_channel=text,
            rep_id=text,
            supplier_id=text,
            currency=text,
        ),
        "ordered_at",
        statuses=("placed", "invoiced", "cancelled", "returned"),
    ),
    "erp_order_lines": Contract(
        ("order_id", "line_number"),
        dict(
            order_id=text,
            line_number=integer,
            product_id=text,
            quantity=amount,
            net_amount=amount,
            discount_amount=amount,
        ),
        needed=("net_amount",),
    ),
    "sfa_reps": Contract(
        ("rep_id",),
        dict(rep_id=text, rep_name=text, region=text, manager_id=text, hired_on=day, left_on=day, email=text),
    ),
    "sfa_store_assignments": Contract(
        ("store_id", "rep_id", "valid_from"), dict(store_id=text, rep_id=text, valid_from=day, valid_to=day)
    ),
    "sfa_visits": Contract(
        ("visit_id",),
        dict(
            visit_id=text,
            store_id=text,
            rep_id=text,
            started_at=moment,
            ended_at=moment,
            is_planned=truth,
            status=text,
            mandatory_steps=integer,
            completed_steps=integer,
        ),
        "started_at",
        statuses=("done", "missed", "cancelled"),
    ),
    "sfa_audit_answers": Contract(("visit_id", "kpi"), dict(visit_id=text, kpi=text, value=measure), needed=("value",)),
    "sfa_store_attributes": Contract(
        ("store_id", "attribute", "recorded_at"),
        dict(store_id=text, attribute=text, value=text, recorded_at=moment, recorded_by=text),
        "recorded_at",
    ),
    "crm_interactions": Contract(
        ("interaction_id",),
        dict(interaction_id=text, store_id=text, occurred_at=moment, channel=text, minutes=amount),
        "occurred_at",
    ),
    "market_category_sales": Contract(
        ("store_id", "category", "period_start_date"),
        dict(store_id=text, category=text, period_start_date=day, own_sales=amount, category_sales=amount),
        "period_start_date",
        needed=("own_sales", "category_sales"),
    ),
    "crm_manual_segments": Contract(
        ("entity_type", "entity_id", "scheme", "valid_from"),
        dict(
            entity_type=text,
            entity_id=text,
            scheme=text,
            segment=text,
            valid_from=day,
            valid_to=day,
            reason=text,
            set_by=text,
            approved_by=text,
        ),
    ),
    "erp_complaints": Contract(
        ("complaint_id",),
        dict(
            complaint_id=text,
            store_id=text,
            product_id=text,
            channel=text,
            opened_at=moment,
            closed_at=moment,
        ),
        "opened_at",
    ),
    "erp_stock_levels": Contract(
        ("product_id", "warehouse_id", "stock_date"),
        dict(product_id=text, warehouse_id=text, stock_date=day, quantity=amount),
        "stock_date",
        needed=("quantity",),
    ),
    "sfa_working_days": Contract(
        ("rep_id", "work_date"),
        dict(rep_id=text, work_date=day, minutes_worked=amount, is_day_off=truth),
        "work_date",
    ),
    "portal_events": Contract(
        ("event_id",),
        dict(event_id=text, store_id=text, occurred_at=moment, event_type=text),
        "occurred_at",
    ),
    "portal_points_adjustments": Contract(
        ("adjustment_id",),
        dict(adjustment_id=text, store_id=text, points=amount, granted_at=moment, granted_by=text, reason=text),
        "granted_at",
        needed=("points",),
    ),
    "market_epos_sales": Contract(
        ("store_id", "product_id", "sold_on"),
        dict(store_id=text, product_id=text, sold_on=day, quantity=amount, amount=amount),
        "sold_on",
        needed=("amount",),
    ),
    "market_points_of_interest": Contract(
        ("poi_id",), dict(poi_id=text, poi_type=text, latitude=measure, longitude=measure)
    ),
    "market_external_metrics": Contract(
        ("entity_type", "entity_id", "metric", "measured_on"),
        dict(entity_type=text, entity_id=text, metric=text, measured_on=day, value=measure),
        "measured_on",
        needed=("value",),
        accepted=("entity_type", ("store", "rep", "product_group")),
    ),
}


@dataclass
class Staged:
    """What of a table counts: one row a key; and all usable versions of the keys that exist."""

    rows: list[dict]
    versions: list[dict]


def judge(row: dict, contract: Contract, settings: Settings, parents: set | None) -> dict | None:
    """The typed row, or None where it cannot be used."""
    try:
        typed = {c: parse(row.get(c)) for c, parse in contract.columns.items() if c in contract.key}
        typed["loaded_at"] = moment(row.get("loaded_at"))
        typed["is_deleted"] = truth(row.get("is_deleted")) or False
        if any(typed[c] is None for c in contract.key):
            return None
        if typed["is_deleted"]:  # a deletion needs nothing but its key
            return typed
        typed |= {c: parse(row.get(c)) for c, parse in contract.columns.items()}
    except Unusable:
        return None
    if contract.event_time:
        happened = typed[contract.event_time]
        if happened is None:
            return None
        if typed["loaded_at"] and moment(happened) > typed["loaded_at"] + timedelta(days=1):
            return None
    if any(typed[c] is None for c in contract.needed):
        return None
    if contract.statuses and typed["status"] not in contract.statuses:
        return None
    if contract.accepted and typed[contract.accepted[0]] not in contract.accepted[1]:
        return None
    if settings.reporting_currency and typed.get("currency") not in (None, settings.reporting_currency):
        return None
    if parents is not None and typed[contract.key[0]] not in parents:
        return None
    return typed


def stage(tables: dict, name: str, settings: Settings, parents: set | None = None) -> Staged | None:
    if tables.get(name) is None:
        return None
    contract = CONTRACT[name]
    by_key = defaultdict(list)
    for row in tables[name]:
        typed = judge(row, contract, settings, parents)
        if typed is not None:
            by_key[tuple(typed[c] for c in contract.key)].append(typed)

    def newness(row: dict) -> tuple:
        # a tie of loaded_at: the greatest by all columns in contract order (text bytewise, none the least)
        columns = [row.get(c) for c in contract.columns if c not in contract.key]
        return (
            row["loaded_at"] or datetime.min,
            [(v is not None, v.encode() if isinstance(v, str) else v if v is not None else 0) for v in columns],
        )

    rows, versions = [], []
    for of_key in by_key.values():
        newest = max(of_key, key=newness)
        if not newest["is_deleted"]:
            rows.append(newest)
            versions += [v for v in of_key if not v["is_deleted"]]
    return Staged(rows, versions)


# --- documents, lives ------------------------------------------------------------------------------


@dataclass
class Document:
    id: str
    store_id: str | None
    rep_id: str | None
    day: date
    period: int
    channel: str | None
    has_supplier: bool
    lines: list[dict]  # that add to value
    value: Decimal
    is_order: bool


@dataclass
class Life:
    first: int
    last: int
    starts_on: date
    is_active: bool = True

    def holds(self, period: int) -> bool:
        return self.first <= period <= self.last

    @property
    def periods(self) -> range:
        return range(self.first, self.last + 1)


def by_store(rows: list[dict]) -> dict[str, list[dict]]:
    found = defaultdict(list)
    for row in rows:
        found[row["store_id"]].append(row)
    return found


class Company:
    def __init__(self, tables: dict, settings: Settings, policy: Policy | None = None):
        self.settings, self.policy = settings, policy or Policy()
        self.missing = {name for name in CONTRACT if tables.get(name) is None}

        def known(staged: Staged | None, event_time: str) -> list[dict]:
            return [r for r in staged.rows if moment(r[event_time]).date() <= settings.as_of] if staged else []

        orders = stage(tables, "erp_orders", settings)
        lines = stage(tables, "erp_order_lines", settings, {o["order_id"] for o in orders.rows})
        visits = stage(tables, "sfa_visits", settings)
        visit_ids = {v["visit_id"] for v in visits.rows} if visits else set()
        answers = stage(tables, "sfa_audit_answers", settings, visit_ids)
        self.stores = stage(tables, "erp_stores", settings)
        self.reps = stage(tables, "sfa_reps", settings) or Staged([], [])
        self.assignments = stage(tables, "sfa_store_assignments", settings) or Staged([], [])
        self.products = {p["product_id"]: p for p in stage(tables, "erp_products", settings).rows}
        self.visits = known(visits, "started_at")
        self.answers = defaultdict(dict)
        for a in answers.rows if answers else []:
            self.answers[a["visit_id"]][a["kpi"]] = a["value"]
        self.attributes = known(stage(tables, "sfa_store_attributes", settings), "recorded_at")
        self.interactions = known(stage(tables, "crm_interactions", settings), "occurred_at")
        self.category_sales = known(stage(tables, "market_category_sales", settings), "period_start_date")
        manual = stage(tables, "crm_manual_segments", settings)
        self.manual_segments = manual.rows if manual else []
        self.complaints = by_store(known(stage(tables, "erp_complaints", settings), "opened_at"))
        self.stock_levels = known(stage(tables, "erp_stock_levels", settings), "stock_date")
        self.working_days = known(stage(tables, "sfa_working_days", settings), "work_date")
        self.portal_events = by_store(known(stage(tables, "portal_events", settings), "occurred_at"))
        self.adjustments = by_store(known(stage(tables, "portal_points_adjustments", settings), "granted_at"))
        self.epos_sales = by_store(known(stage(tables, "market_epos_sales", settings), "sold_on"))
        points = stage(tables, "market_points_of_interest", settings)
        self.points_of_interest = points.rows if points else []
        self.external_metrics = known(stage(tables, "market_external_metrics", settings), "measured_on")
        self.visits_of_store = by_store(self.visits)
        self.interactions_of_store = by_store(self.interactions)

        self.documents = self._documents(known(orders, "ordered_at"), lines.rows)
        self.master = {s["store_id"]: s for s in self.stores.rows}
        self.history_start = self._history_start()
        self.store_lives = self._store_lives()
        self.rep_lives = self._rep_lives()

    # An order row that is not cancelled; every line adds to value, of a returned one only negative amounts.
    def _documents(self, orders: list[dict], lines: list[dict]) -> list[Document]:
        of_order = defaultdict(list)
        for line in lines:
            of_order[line["order_id"]].append(line)
        documents = []
        for o in orders:
            if o["status"] == "cancelled":
                continue
            usable = of_order[o["order_id"]]
            if o["status"] == "returned":
                counting = [line for line in usable if line["net_amount"] < 0]
            else:
                counting = usable
            value = total(line["net_amount"] for line in counting)
            ordered_on = o["ordered_at"].date()
            documents.append(
                Document(
                    o["order_id"],
                    o["store_id"],
                    o["rep_id"],
                    ordered_on,
                    self.settings.period(ordered_on),
                    o["order_channel"],
                    o["supplier_id"] is not None,
                    counting,
                    value,
                    o["status"] in self.settings.order_statuses and bool(usable) and value > 0,
                )
            )
        return documents

    def _history_start(self) -> int | None:
        if self.settings.history_starts_on:
            return self.settings.period(self.settings.history_starts_on)
        return min((d.period for d in self.documents), default=None)

    def _life(self, candidates: list[date | None], known_since, ended_on: date | None, documents: list[Document]):
        """`known_since`: loaded_at of the rows that make the member known; empty where nothing does."""
        if self.history_start is None:
            return None
        begins = [d for d in candidates if d is not None]
        if begins:
            starts_on = min(begins)
        elif known_since and all(known_since):
            starts_on = min(known_since).date()
        elif known_since:
            starts_on = self.history_day()
        else:
            return None
        starts_on = max(starts_on, self.history_day())
        last, is_active = self.settings.last_closed, True
        if ended_on is not None and ended_on <= self.settings.as_of:
            is_active = False
            last = min(last, max([self.settings.period(ended_on), *(d.period for d in documents)]))
        return Life(self.settings.period(starts_on), last, starts_on, is_active)

    def history_day(self) -> date:
        return self.settings.end_of(self.history_start - 1) + timedelta(days=1)

    def _store_lives(self) -> dict[str, Life]:
        documents, assigned, versions = defaultdict(list), defaultdict(list), defaultdict(list)
        for d in self.documents:
            if d.store_id is not None:
                documents[d.store_id].append(d)
        for a in self.assignments.versions:
            assigned[a["store_id"]].append(a["loaded_at"])
        for s in self.stores.versions:
            versions[s["store_id"]].append(s["loaded_at"])
        lives = {}
        for store_id in {*self.master, *documents, *assigned}:
            master = self.master.get(store_id, {})
            lives[store_id] = self._life(
                [master.get("opened_on"), master.get("customer_since"), *(d.day for d in documents[store_id])],
                versions.get(store_id) or assigned.get(store_id, []),
                master.get("closed_on"),
                documents[store_id],
            )
        self.documents_of_store = documents
        return {store: life for store, life in lives.items() if life}

    def _rep_lives(self) -> dict[str, Life]:
        documents, assigned, versions = defaultdict(list), defaultdict(list), defaultdict(list)
        for d in self.documents:
            if d.rep_id is not None:
                documents[d.rep_id].append(d)
        for a in self.assignments.rows:
            assigned[a["rep_id"]].append(a["valid_from"])
        for r in self.reps.versions:
            versions[r["rep_id"]].append(r["loaded_at"])
        master = {r["rep_id"]: r for r in self.reps.rows}
        lives = {}
        for rep_id in {*master, *documents, *assigned}:
            row = master.get(rep_id, {})
            lives[rep_id] = self._life(
                [row.get("hired_on"), *assigned[rep_id], *(d.day for d in documents[rep_id])],
                versions.get(rep_id, []),
                row.get("left_on"),
                documents[rep_id],
            )
        return {rep: life for rep, life in lives.items() if life}

    def lives(self, entity_type: str) -> dict[str, Life]:
        if entity_type == "product_group":
            return product_group_lives(self)
        return self.store_lives if entity_type == "store" else self.rep_lives


# --- section 3: stores -----------------------------------------------------------------------------


def in_window(by_period: dict[int, object], period: int, length: int, life: Life):
    """The values of a trailing window; facts before the life's start are outside."""
    return [by_period[p] for p in range(max(period - length + 1, life.first), period + 1) if p in by_period]


def store_metrics(company: Company) -> dict[tuple[str, int], dict[str, Decimal | None]]:
    result = {}
    for store_id, life in company.store_lives.items():
        values = {}
        families = (
            order_metrics,
            history_metrics,
            channel_metrics,
            contact_metrics,
            share_metrics,
            audit_metrics,
            contribution_metrics,
            sell_out_metrics,
            loyalty_metrics,
        )
        for family in families:
            for period, row in family(company, store_id, life).items():
                values.setdefault(period, {}).update(row)
        for period in life.periods:
            row = result[(store_id, period)] = values[period]
            sold, bought = row["sell_out_quarter"], row["order_value_quarter"]
            row["sell_through_quarter"] = None if sold is None or bought <= 0 else ratio(sold, bought)
    for period in sorted({p for _, p in result}):
        alive = {store: result[(store, period)] for store, life in company.store_lives.items() if life.holds(period)}
        for store, row in revenue_ranks(company, alive).items():
            result[(store, period)].update(row)
    return {key: {m: v if v is None else rounded(v) for m, v in row.items()} for key, row in result.items()}


def orders_by_period(company: Company, store_id: str) -> dict[int, list[Document]]:
    orders = defaultdict(list)
    for d in company.documents_of_store[store_id]:
        if d.is_order:
            orders[d.period].append(d)
    return orders


def order_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s = company.settings
    amounts, orders = defaultdict(list), orders_by_period(company, store_id)
    for d in company.documents_of_store[store_id]:
        amounts[d.period].append(d.value)
    value = {p: total(v) for p, v in amounts.items()}
    count = {p: len(v) for p, v in orders.items()}
    rows = {}
    for period in life.periods:
        row = {}
        for w in ("period", "quarter", "year"):
            row[f"order_value_{w}"] = total(in_window(value, period, s.window(w), life))
            row[f"orders_{w}"] = sum(in_window(count, period, s.window(w), life))
            row[f"order_value_avg_{w}"] = (
                ratio(row[f"order_value_{w}"], row[f"orders_{w}"]) if row[f"orders_{w}"] else Decimal(0)
            )
        base_ends = period - s.window("year")
        base = total(in_window(value, base_ends, s.window("quarter"), life))
        begins_before_history = base_ends - s.window("quarter") + 1 < company.history_start
        row["order_value_trend"] = (
            None if begins_before_history or base <= 0 else ratio(row["order_value_quarter"], base) - 1
        )
        rows[period] = row
    return rows


def history_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s, start = company.settings, company.history_start
    since = company.master.get(store_id, {}).get("customer_since")
    orders = orders_by_period(company, store_id)
    ordered_on = [d.day for of_period in orders.values() for d in of_period]
    first_order = min(ordered_on, default=None)
    began = min((d for d in (since, first_order) if d is not None), default=None)
    began_in = None if began is None else s.period(began)
    in_first_quarter = first_order is not None and s.period(first_order) < start + s.window("quarter")
    nobody_knows = since is None and in_first_quarter

    rows = {}
    for period in life.periods:
        has_ordered = began is not None and began_in <= period
        last = max((p for p in orders if p <= period), default=None)
        if last is None and since is not None:
            last = max(s.period(since), start)
        first_counted = max(period - s.window("year") + 1, life.first, (began_in or 0) + 1)
        counted = range(first_counted, period + 1) if has_ordered else []
        rows[period] = {
            "has_ordered": int(has_ordered),
            "periods_since_first_order": period - began_in if has_ordered and not nobody_knows else None,
            "periods_since_last_order": period - last if has_ordered else None,
            "repeat_order_rate_year": ratio(sum(p in orders for p in counted), len(counted)) if counted else None,
        }
    return rows


def channel_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    orders = orders_by_period(company, store_id)
    rows = {}
    for period in life.periods:
        year = [d for of in in_window(orders, period, company.settings.window("year"), life) for d in of]
        rows[period] = {
            f"share_orders_{c}_year": ratio(sum(d.channel == c for d in year), len(year)) if year else None
            for c in ORDER_CHANNELS
        }
        rows[period]["share_orders_distributor_year"] = (
            ratio(sum(d.has_supplier for d in year), len(year)) if year else None
        )
    return rows


def contact_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s = company.settings
    has_visits, has_interactions = "sfa_visits" not in company.missing, "crm_interactions" not in company.missing
    visits, interactions = defaultdict(int), defaultdict(list)
    for v in company.visits:
        if v["store_id"] == store_id and v["status"] == "done":
            visits[s.period(v["started_at"].date())] += 1
    for i in company.interactions:
        if i["store_id"] == store_id:
            interactions[s.period(i["occurred_at"].date())].append(i["channel"])
    rows = {}
    for period in life.periods:
        row = {}
        for w in ("period", "quarter", "year"):
            met = in_window(interactions, period, s.window(w), life)
            row[f"visits_{w}"] = sum(in_window(visits, period, s.window(w), life)) if has_visits else None
            row[f"interactions_{w}"] = sum(len(c) for c in met) if has_interactions else None
        met = [c for of in in_window(interactions, period, s.window("quarter"), life) for c in of]
        for channel in INTERACTION_CHANNELS:
            row[f"interactions_{channel}_quarter"] = met.count(channel) if has_interactions else None
        last = max((p for p in visits if p <= period), default=None)  # no window: also before the life
        row["periods_since_last_visit"] = None if last is None else period - last
        # of a company with one of the two tables, what that one says: a contact is a contact
        known = [n for n in (row["visits_year"], row["interactions_year"]) if n is not None]
        row["contacts_year"] = sum(known) if known else None
        rows[period] = row
    return rows


def share_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s = company.settings
    measured = defaultdict(list)
    for row in company.category_sales:
        if row["store_id"] == store_id:
            measured[s.period(row["period_start_date"])].append(row)
    rows = {}
    for period in life.periods:
        quarter = [r for of in in_window(measured, period, s.window("quarter"), life) for r in of]
        market = total(r["category_sales"] for r in quarter)
        rows[period] = {
            "category_share_quarter": ratio(total(r["own_sales"] for r in quarter), market) if market else None
        }
    return rows


def contribution_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    """What the store earns us, what serving it costs, and its complaints."""
    s = company.settings
    costed, lines = defaultdict(list), defaultdict(int)  # by period: margin of lines with a cost, and all lines
    for document in company.documents_of_store[store_id]:
        for line in document.lines:
            lines[document.period] += 1
            cost = company.products.get(line["product_id"], {}).get("unit_cost")
            if cost is not None:
                costed[document.period].append(line["net_amount"] - (line["quantity"] or 0) * cost)
    any_cost_known = any(p["unit_cost"] is not None for p in company.products.values())

    spent, complaints = defaultdict(list), defaultdict(int)
    for visit in company.visits_of_store[store_id]:
        if visit["status"] == "done":
            on = visit["started_at"].date()
            minutes = Fraction(max(whole_seconds(visit), 0), 60)
            spent[s.period(on)].append(minutes * unit_cost(company, "visit_minute", None, on))
    for contact in company.interactions_of_store[store_id]:
        on = contact["occurred_at"].date()
        spent[s.period(on)].append(unit_cost(company, "contact", contact["channel"], on))
    for complaint in company.complaints[store_id]:
        on = complaint["opened_at"].date()
        spent[s.period(on)].append(unit_cost(company, "complaint", complaint["channel"], on))
        complaints[s.period(on)] += 1

    rows = {}
    for period in life.periods:
        year = s.window("year")
        of_cost = [m for of in in_window(costed, period, year, life) for m in of]
        nothing_known = bool(in_window(lines, period, year, life)) and not of_cost
        margin = None if nothing_known or not any_cost_known else Fraction(total(of_cost))
        cost = sum((c for of in in_window(spent, period, year, life) for c in of), Fraction(0))
        opened = sum(in_window(complaints, period, s.window("quarter"), life))
        rows[period] = {
            "complaints_quarter": None if "erp_complaints" in company.missing else opened,
            "gross_margin_year": margin,
            "cost_to_serve_year": cost,
            "net_contribution_year": None if margin is None else margin - cost,
        }
    return rows


def whole_seconds(visit: dict) -> int:
    if visit["ended_at"] is None:
        return 0
    return math.floor((visit["ended_at"] - visit["started_at"]).total_seconds())


def unit_cost(company: Company, activity: str, channel: str | None, on: date) -> Fraction:
    """The rate in force on that day: the channel's own line, else that of every channel, else nothing."""
    in_force = {
        line["channel"] or "*": Fraction(line["unit_cost"])
        for line in company.policy.cost_rates
        if line["activity"] == activity and covers(day(line["valid_from"]), day(line["valid_to"]), on)
    }
    return in_force.get(channel, in_force.get("*", Fraction(0)))


def sell_out_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s, sold = company.settings, defaultdict(list)
    for row in company.epos_sales[store_id]:
        sold[s.period(row["sold_on"])].append(row["amount"])
    rows = {}
    for period in life.periods:
        quarter = [a for of in in_window(sold, period, s.window("quarter"), life) for a in of]
        rows[period] = {"sell_out_quarter": total(quarter) if quarter else None}
    return rows


FEEDS = {"order": "erp_orders", "visit_done": "sfa_visits", "manual": "portal_points_adjustments"}


def loyalty_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s, rules = company.settings, company.policy.point_rules
    earned = [(rule, points_of_rule(company, store_id, rule)) for rule in rules]
    is_fed = any(feed_of(rule["event"]) not in company.missing for rule in rules)
    rows = {}
    for period in life.periods:
        left = Fraction(0)
        for rule, of_period in earned:
            decay = Fraction(rule["decay_per_period"] or 0)
            for p, points in of_period.items():
                if max(period - s.window("year") + 1, life.first) <= p <= period:
                    left += points * max(1 - (period - p) * decay, Fraction(0))
        rows[period] = {"loyalty_points": max(left, Fraction(0)) if is_fed else None}
    return rows


def feed_of(event: str) -> str:
    return "crm_interactions" if event.startswith("interaction:") else FEEDS.get(event, "portal_events")


def points_of_rule(company: Company, store_id: str, rule: dict) -> dict[int, Fraction]:
    """The points of a rule by period, capped."""
    s, event, by_period = company.settings, rule["event"], defaultdict(list)
    points = Fraction(rule["points"]) if rule["points"] else Fraction(1)
    if event == "order":
        for p, orders in orders_by_period(company, store_id).items():
            by_period[p] = [d.value for d in orders]
    elif event == "visit_done":
        for visit in company.visits_of_store[store_id]:
            if visit["status"] == "done":
                by_period[s.period(visit["started_at"].date())].append(1)
    elif event == "manual":
        for row in company.adjustments[store_id]:
            by_period[s.period(row["granted_at"].date())].append(row["points"])
    elif event.startswith("interaction:"):
        for row in company.interactions_of_store[store_id]:
            if row["channel"] == event.removeprefix("interaction:"):
                by_period[s.period(row["occurred_at"].date())].append(1)
    else:
        for row in company.portal_events[store_id]:
            if row["event_type"] == event:
                by_period[s.period(row["occurred_at"].date())].append(1)

    result = {}
    for period, given in by_period.items():
        if rule["per"] not in (None, "event"):
            times = Fraction(math.floor(ratio(total(given), Decimal(rule["per"]))))
        elif event == "manual":
            times = Fraction(total(given))
        else:
            times = Fraction(len(given))
        cap = Fraction(rule["cap_per_period"]) if rule["cap_per_period"] else None
        result[period] = points * times if cap is None else max(min(points * times, cap), -cap)
    return result


def revenue_ranks(company: Company, alive: dict[str, dict]) -> dict[str, dict]:
    """`alive`: the stores of one period with their order_value_year."""
    shares, ranks = shares_above({store: row["order_value_year"] for store, row in alive.items()})
    node_of, revenue = {}, defaultdict(list)
    for store, row in alive.items():
        parts = path_parts(company.master.get(store, {}).get("store_group_path"))
        node_of[store] = "/".join(parts[: company.settings.key_account_level]) if parts else (store,)
        revenue[node_of[store]].append(row["order_value_year"])
    # ties by name; where a node and a store alone share theirs, the order between them changes nothing else
    group_shares, _ = shares_above({node: total(v) for node, v in revenue.items()})
    return {
        store: {
            "revenue_share_above_year": shares[store],
            "revenue_rank_share_year": ranks[store],
            "group_revenue_share_above_year": group_shares[node_of[store]],
        }
        for store in alive
    }


def shares_above(revenue: dict) -> tuple[dict, dict]:
    """Of each member: the share of the revenue ranked before it, and (rank - 1) / number with revenue."""
    positive = {member: r for member, r in revenue.items() if r > 0}

    def name(member) -> bytes:
        return (member if isinstance(member, str) else member[0]).encode()

    shares, ranks, before = dict.fromkeys(revenue, Fraction(1)), dict.fromkeys(revenue, Fraction(1)), Decimal(0)
    everything = total(positive.values())
    for place, member in enumerate(sorted(positive, key=lambda m: (-positive[m], name(m)))):
        shares[member], ranks[member] = ratio(before, everything), ratio(place, len(positive))
        before = total([before, positive[member]])
    return shares, ranks


def path_parts(path: str | None) -> list[str]:
    return [part.strip() for part in (path or "").split("/") if part.strip()]


# --- sections 6 and 7a: Perfect Store and display --------------------------------------------------------


def audit_metrics(company: Company, store_id: str, life: Life) -> dict[int, dict]:
    s = company.settings
    visits = defaultdict(list)
    for v in company.visits:
        if v["store_id"] == store_id and v["status"] == "done":
            visits[s.period(v["started_at"].date())].append(v)
    rows = {}
    for period in life.periods:
        scores, prices, answered, expected = [], [], 0, 0
        for visit in visits.get(period, []):
            kpis = standards_of(company, store_id, period, visit["started_at"].date())
            given = {k: v for k, v in company.answers[visit["visit_id"]].items() if k in kpis}
            if not given:
                continue  # not audited
            score = {k: kpi_score(line, given[k]) if k in given else Decimal(0) for k, line in kpis.items()}
            weight = {k: Decimal(line["weight"]) for k, line in kpis.items()}
            points = rounded(100 * ratio(total(weight[k] * score[k] for k in kpis), total(weight.values())))
            if any(truth(line["is_must_have"]) and score[k] < 1 for k, line in kpis.items()):
                points = min(points, Decimal(s.must_have_cap))
            scores.append(points)
            prices += [score[k] for k in given if kpis[k]["kind"] == "within"]
            answered, expected = answered + len(given), expected + len(kpis)
        rows[period] = {
            "perfect_store_score": ratio(total(scores), len(scores)) if scores else None,
            "price_correctness": ratio(total(prices), len(prices)) if prices else None,
            "audit_coverage": ratio(answered, expected) if expected else None,
        }
    return rows


def standards_of(company: Company, store_id: str, period: int, on: date) -> dict[str, dict]:
    """The KPIs of the first of display segment, channel and DEFAULT that has a set in force on that day."""
    channel = company.master.get(store_id, {}).get("channel")
    for name in (display_segment(company, store_id, period), channel, "DEFAULT"):
        kpis = {
            line["kpi"]: line
            for line in company.policy.standards
            if name is not None
            and line["standard_set"] == name
            and covers(day(line["valid_from"]), day(line["valid_to"]), on)
        }
        if kpis:
            return kpis
    return {}


def kpi_score(line: dict, value: Decimal) -> Decimal:
    target = Decimal(line["target"]) if line["target"] else None
    if value < 0:  # of every kind
        return Decimal(0)
    if line["kind"] == "yes_no":
        return Decimal(1) if value >= 1 else Decimal(0)
    if line["kind"] == "within":
        return Decimal(1) if abs(value - target) <= Decimal(line["tolerance"]) else Decimal(0)
    if line["kind"] == "at_least":
        return Decimal(1) if target <= 0 else min(rounded(ratio(value, target)), Decimal(1))
    if line["kind"] == "at_most":
        if value <= target:
            return Decimal(1)
        return Decimal(0) if target == 0 else max(rounded(2 - ratio(value, target)), Decimal(0))
    raise ValueError(line["kind"])


def display_segment(company: Company, store_id: str, period: int) -> str | None:
    """The store's display segment at period end, overrides included; None where the scheme does not apply."""
    scheme = company.policy.scheme("store", "display")
    if scheme is None or not applies(company, store_id, scheme["applies_to"]):
        return None
    end = company.settings.end_of(period)
    overrides = [
        o
        for o in company.manual_segments
        if (o["entity_type"], o["entity_id"], o["scheme"]) == ("store", store_id, "display")
        and covers(o["valid_from"], o["valid_to"], end)
    ]
    if overrides:
        newest = max((o["valid_from"], o["loaded_at"] or datetime.min) for o in overrides)
        return min(
            (o["segment"] for o in overrides if (o["valid_from"], o["loaded_at"] or datetime.min) == newest),
            key=str.encode,
        )
    return display_bands(company, store_id, end)


def applies(company: Company, store_id: str, applies_to: str | None) -> bool:
    if not applies_to:
        return True
    attribute, wanted = applies_to.split("=", 1)
    found = company.master.get(store_id, {}).get(attribute)
    return found == wanted


def display_bands(company: Company, store_id: str, end: date) -> str:
    known = {}
    for a in sorted(company.attributes, key=lambda a: a["recorded_at"]):
        if a["store_id"] == store_id and a["recorded_at"].date() <= end:
            known[a["attribute"]] = a["value"]
    attributes = dict(sorted({int(b["position"]): b["attribute"] for b in company.policy.display_bands}.items()))
    if not any(known.get(a) is not None for a in attributes.values()):
        return "UNKNOWN"
    return "-".join(band_of(company.policy.display_bands, a, known.get(a)) for a in attributes.values())


def band_of(bands: list[dict], attribute: str, value: str | None) -> str:
    mine = [b for b in bands if b["attribute"] == attribute]
    if value is None:
        return "UNKNOWN"
    for band in mine:
        if band["equals"] is not None and band["equals"] == value:
            return band["band"]
    try:
        measured = measure(value)
    except Unusable:
        return "UNKNOWN"
    below = [b for b in mine if b["lower_bound"] is not None and Decimal(b["lower_bound"]) <= measured]
    return max(below, key=lambda b: Decimal(b["lower_bound"]))["band"] if below else "UNKNOWN"


# --- section 4: reps -------------------------------------------------------------------------------


def rep_metrics(
    company: Company, segments: dict[tuple[str, str, int], str], stores: dict[tuple[str, int], dict]
) -> dict[tuple[str, int], dict]:
    """`segments`: the published segment of (store, scheme, period), overrides included; `stores`: their metrics."""
    s = company.settings
    none = None if "sfa_store_assignments" in company.missing else 0
    has_client_scheme = company.policy.scheme("store", s.client_scheme) is not None
    result = {}
    for rep_id, life in company.rep_lives.items():
        mine = [a for a in company.assignments.rows if a["rep_id"] == rep_id]
        for period in life.periods:
            end = s.end_of(period)
            clients = {
                a["store_id"]
                for a in mine
                if covers(a["valid_from"], a["valid_to"], end)
                and a["store_id"] in company.store_lives
                and company.store_lives[a["store_id"]].holds(period)
                and (
                    not has_client_scheme or segments.get((a["store_id"], s.client_scheme, period)) in s.client_segments
                )
            }
            top = sum(segments.get((c, s.top_client_scheme, period)) == s.top_client_segment for c in clients)
            enough = len(clients) >= s.min_portfolio_size
            revenue = total(stores[(c, period)]["order_value_year"] for c in clients)
            result[(rep_id, period)] = {
                "clients": len(clients) or none,
                "top_clients": top if clients else none,
                "client_revenue_year": revenue if clients else none,
                "top_client_ratio": ratio(top, len(clients)) if enough and clients else None,
            }
        for period, row in work_metrics(company, rep_id, life).items():
            result[(rep_id, period)] |= row
    return {key: {m: v if v is None else rounded(v) for m, v in row.items()} for key, row in result.items()}


def work_metrics(company: Company, rep_id: str, life: Life) -> dict[int, dict]:
    s = company.settings
    has_days, has_visits = "sfa_working_days" not in company.missing, "sfa_visits" not in company.missing
    days = [d for d in company.working_days if d["rep_id"] == rep_id]
    off = {d["work_date"] for d in days if d["is_day_off"]}
    visits = [v for v in company.visits if v["rep_id"] == rep_id]
    rows = {}
    for period in life.periods:
        minutes = [
            d["minutes_worked"]
            for d in days
            if s.period(d["work_date"]) == period and not d["is_day_off"] and (d["minutes_worked"] or 0) > 0
        ]
        met = [v for v in visits if s.period(v["started_at"].date()) == period]
        done = [v for v in met if v["status"] == "done"]
        planned = [v for v in met if v["is_planned"] and v["started_at"].date() not in off]
        kept = [v for v in planned if v["status"] == "done"]
        measured = [v for v in done if v["mandatory_steps"] is not None]
        mandatory = sum(v["mandatory_steps"] for v in measured)
        completed = sum(v["completed_steps"] or 0 for v in measured)
        enough = has_days and len(minutes) >= s.min_days_worked
        rows[period] = {
            "days_worked": len(minutes) if has_days else None,
            "minutes_worked": total(minutes) if has_days else None,
            "days_off": sum(s.period(on) == period for on in off) if has_days else None,
            "visits": len(done) if has_visits else None,
            "planned_visits": len(planned) if has_visits else None,
            "planned_visits_done": len(kept) if has_visits else None,
            "mandatory_steps": mandatory if has_visits else None,
            "completed_steps": completed if has_visits else None,
            "working_minutes_avg": ratio(total(minutes), len(minutes)) if enough and minutes else None,
            "visit_plan_completion": ratio(len(kept), len(planned)) if enough and planned else None,
            "procedure_compliance": ratio(completed, mandatory) if enough and mandatory else None,
        }
    return rows


# --- section 5: product groups ---------------------------------------------------------------------------


LEVEL_COLUMN = {"category": "category", "brand": "brand", "group": "product_group", "product": "product_id"}


def nodes_of(company: Company, product_id: str | None) -> list[str]:
    """The product's node at each level; an inferred product is its own node, all else of it is unknown."""
    product = company.products.get(product_id) or {"product_id": product_id}
    return [f"{lvl}:{product.get(LEVEL_COLUMN[lvl]) or UNKNOWN}" for lvl in company.settings.product_levels]


def product_group_lives(company: Company) -> dict[str, Life]:
    """From the first line that adds to value, whatever its sign, to the last closed period."""
    s, first = company.settings, {}
    for document in company.documents:
        for line in document.lines:
            for node in nodes_of(company, line["product_id"]):
                first[node] = min(first.get(node, document.day), document.day)
    return {
        node: Life(max(s.period(d), company.history_start), s.last_closed, max(d, company.history_day()))
        for node, d in first.items()
    }


def product_group_metrics(company: Company, stores: dict[tuple[str, int], dict]) -> dict[tuple[str, int], dict]:
    """`stores`: the metrics of stores, whose value weighs the distribution."""
    s, start = company.settings, company.history_start
    sales, costed, buyers, units = (defaultdict(lambda: defaultdict(list)) for _ in range(4))
    for document in company.documents:
        for line in document.lines:
            product = company.products.get(line["product_id"], {})
            cost = product.get("unit_cost")
            for node in nodes_of(company, line["product_id"]):
                sales[node][document.period].append(line["net_amount"])
                units[node][document.period].append(line["quantity"] or Decimal(0))
                if cost is not None:
                    costed[node][document.period].append((line["net_amount"], (line["quantity"] or 0) * cost))
                if is_purchase(document, line):
                    buyers[node][document.period].append(document.store_id)

    lives = product_group_lives(company)
    result = {}
    for node, life in lives.items():
        value = {p: total(v) for p, v in sales[node].items()}
        for period in life.periods:
            row = {f"sales_{w}": total(in_window(value, period, s.window(w), life)) for w in WINDOWS["month"]}
            year = s.window("year")
            base = total(in_window(value, period - year, year, life))
            row["sales_growth_year"] = (
                None if period - 2 * year + 1 < start or base <= 0 else ratio(row["sales_year"], base) - 1
            )
            of_cost = [line for of in in_window(costed[node], period, year, life) for line in of]
            net, cost = total(n for n, _ in of_cost), total(c for _, c in of_cost)
            row["margin_rate_year"] = ratio(net - cost, net) if net > 0 else None
            bought = {store for of in in_window(buyers[node], period, s.window("quarter"), life) for store in of}
            row |= distribution(company, stores, bought, period)
            row["category_share_period"] = category_share(company, node, period)
            sold = total(q for of in in_window(units[node], period, s.window("quarter"), life) for q in of)
            row["stock_cover_days"] = stock_cover(company, node, period, sold)
            result[(node, period)] = row

    for period in sorted({p for _, p in result}):
        for level in s.product_levels:
            alive = {
                node: result[(node, period)]["sales_year"]
                for node, life in lives.items()
                if life.holds(period) and node.split(":", 1)[0] == level
            }
            shares, _ = shares_above(alive)
            for node in alive:
                result[(node, period)]["revenue_share_above_year"] = shares[node]
    return {key: {m: v if v is None else rounded(v) for m, v in row.items()} for key, row in result.items()}


def is_purchase(document: Document, line: dict) -> bool:
    """A store bought a product where one of its orders delivers some of it, free of charge or not."""
    return (
        document.is_order
        and document.store_id is not None
        and (line["net_amount"] if line["quantity"] is None else line["quantity"]) > 0
    )


def distribution(company: Company, stores: dict, bought: set, period: int) -> dict:
    cached = company.__dict__.setdefault("_ordering", {})
    if period not in cached:
        cached[period] = {
            store: max(Decimal(0), stores[(store, period)]["order_value_year"])
            for store, life in company.store_lives.items()
            if life.holds(period) and stores[(store, period)]["orders_quarter"] > 0
        }
    ordering = cached[period]
    mine = [store for store in ordering if store in bought]
    weight = total(ordering.values())
    return {
        "numeric_distribution": ratio(len(mine), len(ordering)) if ordering else None,
        "weighted_distribution": ratio(total(ordering[store] for store in mine), weight) if weight > 0 else None,
    }


def category_share(company: Company, node: str, period: int) -> Fraction | None:
    """Of all stores, whatever else is known of them."""
    level, code = node.split(":", 1)
    mine = [
        row
        for row in company.category_sales
        if level == "category"
        and row["category"] == code
        and company.settings.period(row["period_start_date"]) == period
    ]
    market = total(row["category_sales"] for row in mine)
    return ratio(total(row["own_sales"] for row in mine), market) if market else None


def stock_cover(company: Company, node: str, period: int, sold: Decimal) -> Fraction | None:
    s, last = company.settings, {}
    if "_stock" not in company.__dict__:
        company._stock = defaultdict(list)
        for row in sorted(company.stock_levels, key=lambda r: r["stock_date"]):
            for of in nodes_of(company, row["product_id"]):
                company._stock[of].append(row)
    for row in company._stock[node]:
        if row["stock_date"] <= s.end_of(period):
            last[(row["product_id"], row["warehouse_id"])] = row["quantity"]
    if not last or sold <= 0:
        return None
    days = (s.end_of(period) - s.end_of(period - s.window("quarter"))).days
    return ratio(total(last.values()) * days, sold)


# --- metrics by their own names: attributes, external metrics, flags, distances ---------------------------------


def attributes_of(company: Company, entity_type: str, entity_id: str) -> dict[str, list[str]]:
    """Today's master data: the values of each attribute."""
    if entity_type == "product_group":
        return {"level": [entity_id.split(":", 1)[0]], "product_group_id": [entity_id]}
    if entity_type == "rep":
        row = next((r for r in company.reps.rows if r["rep_id"] == entity_id), {})
        return {c: [row[c]] for c in ("region", "manager_id") if row.get(c) is not None}
    row = company.master.get(entity_id, {})
    found = {c: [row[c]] for c in ("channel", "region", "city", "industry", "legal_type") if row.get(c) is not None}
    if row.get("is_served") is not None:
        found["is_served"] = [str(row["is_served"]).lower()]
    parts = path_parts(row.get("store_group_path"))
    found["store_group"] = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return found


def number_or_none(value: str | None) -> Decimal | None:
    try:
        return measure(value)
    except Unusable:
        return None


def named_values(
    company: Company, entity_type: str, built_in: set[str], attributes: dict[str, dict[str, list[str]]] | None = None
) -> dict[tuple[str, int], dict[str, Decimal]]:
    """Of every entity and period of its life the metrics that have a value.

    `built_in`: names that are metrics of their own; `attributes`: what a user's project adds to the master data.
    """
    found: dict[tuple[str, int], dict[str, Decimal]] = defaultdict(dict)
    streams, distances = event_streams(company, entity_type), nearest_points(company, entity_type)
    flags = [line for line in company.policy.attribute_flags if line["entity_type"] == entity_type]
    for entity_id, life in company.lives(entity_type).items():
        master = attributes_of(company, entity_type, entity_id) | (attributes or {}).get(entity_id, {})
        for period in life.periods:
            values = dict(distances.get(entity_id, {}))
            for name, events in streams.get(entity_id, {}).items():
                value = value_of_stream(company, entity_type, name, events, period)
                if value is not None:
                    values[name] = value
            for line in flags:
                value = value_of_flag(company, entity_type, entity_id, line, master, period)
                if value is not None:
                    values[line["metric"]] = value
            found[(entity_id, period)] = {n: v for n, v in values.items() if n not in built_in}
    return found


def event_streams(company: Company, entity_type: str) -> dict[str, dict[str, list[tuple]]]:
    """By entity and name: (day, of one day external after attribute, moment, number or None), ascending."""
    streams = defaultdict(lambda: defaultdict(list))
    if entity_type == "store":
        numeric = {a["attribute"] for a in company.attributes if number_or_none(a["value"]) is not None}
        for a in company.attributes:
            if a["attribute"] in numeric:
                at, value = a["recorded_at"], number_or_none(a["value"])
                streams[a["store_id"]][a["attribute"]].append((at.date(), 0, at, value))
    for row in company.external_metrics:
        if row["entity_type"] == entity_type:
            event = (row["measured_on"], 1, moment(row["measured_on"]), row["value"])
            streams[row["entity_id"]][row["metric"]].append(event)
    for of_entity in streams.values():
        for events in of_entity.values():
            events.sort(key=lambda e: e[:3])
    return streams


def value_of_stream(company: Company, entity_type: str, name: str, events: list, period: int) -> Decimal | None:
    s = company.settings
    aggregation = next(
        (
            line["aggregation"]
            for line in company.policy.external_metrics
            if (line["entity_type"], line["metric"]) == (entity_type, name)
        ),
        None,
    )
    if aggregation in ("mean", "sum"):
        measured = [value for on, _, _, value in events if s.period(on) == period and value is not None]
        if not measured:
            return None
        return rounded(ratio(total(measured), len(measured) if aggregation == "mean" else 1))
    known = [(on, value) for on, _, _, value in events if on <= s.end_of(period)]
    return known[-1][1] if known and is_fresh(s, known[-1][0], period) else None


def is_fresh(settings: Settings, recorded_on: date, period: int) -> bool:
    age = settings.attribute_max_age_periods
    return age is None or period <= settings.period(recorded_on) + age


def value_of_flag(
    company: Company, entity_type: str, entity_id: str, line: dict, master: dict, period: int
) -> Decimal | None:
    wanted, s = {v.strip() for v in line["values"].split(";") if v.strip()}, company.settings
    if "_recorded" not in company.__dict__:
        company._recorded, company._of_attribute = {a["attribute"] for a in company.attributes}, defaultdict(list)
        for a in sorted(company.attributes, key=lambda a: a["recorded_at"]):
            company._of_attribute[(a["store_id"], a["attribute"])].append(a)
    if entity_type == "store" and line["attribute"] in company._recorded:
        known = [
            a
            for a in company._of_attribute[(entity_id, line["attribute"])]
            if a["recorded_at"].date() <= s.end_of(period)
        ]
        if not known or known[-1]["value"] is None or not is_fresh(s, known[-1]["recorded_at"].date(), period):
            return None
        return Decimal(known[-1]["value"] in wanted)
    values = master.get(line["attribute"], [])
    return Decimal(any(v in wanted for v in values)) if values else None


EARTH_RADIUS = 6371.0088


def nearest_points(company: Company, entity_type: str) -> dict[str, dict[str, Decimal]]:
    """Of every store kilometres to the nearest point of each type: in its name all that stands between two letters or
    digits is one underscore."""
    points, found = defaultdict(list), {}
    for row in company.points_of_interest:
        if row["poi_type"] is not None and is_on_earth(row):
            name = re.sub("[^a-z0-9]+", "_", row["poi_type"].lower())
            points[f"distance_to_{name}"].append(row)
    if entity_type == "store":
        for store_id, row in company.master.items():
            if is_on_earth(row):
                found[store_id] = {
                    name: rounded(Fraction(min(kilometres(row, point) for point in of_type)), 3)
                    for name, of_type in points.items()
                }
    return found


def is_on_earth(row: dict) -> bool:
    latitude, longitude = row["latitude"], row["longitude"]
    return latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180


def kilometres(one: dict, other: dict) -> float:
    """Along the great circle, by the haversine formula."""
    here, there = math.radians(one["latitude"]), math.radians(other["latitude"])
    east = math.radians(other["longitude"]) - math.radians(one["longitude"])
    h = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(h)))


# --- section 7: scores --------------------------------------------------------------------------------------


def scores(company: Company, entity_type: str, values: dict[tuple[str, int], dict]) -> tuple[dict, dict]:
    """`values`: every metric of (entity, period). The scores by (entity, score, period), and what adds to them."""
    found, contributions = {}, {}
    of_score = defaultdict(list)
    for line in company.policy.score_weights:
        if line["entity_type"] == entity_type:
            of_score[line["score"]].append(line)
    for (entity_id, period), row in values.items():
        for score, lines in of_score.items():
            weights, observed, points = total(Decimal(line["weight"]) for line in lines), Decimal(0), Decimal(0)
            for line in lines:
                value, weight = row.get(line["metric"]), Decimal(line["weight"])
                share = scaled(*(line[c] for c in ("floor", "ceiling", "direction", "missing")), value)
                part = points_of(weight, weights, share)
                points, observed = points + part, observed + (0 if value is None else weight)
                contributions[(entity_id, score, line["metric"], period)] = {
                    "value": value,
                    "contribution": part,
                    "max_contribution": points_of(weight, weights, Fraction(1)),
                    "is_observed": value is not None,
                }
            enough = observed >= company.settings.min_weight_present * weights
            found[(entity_id, score, period)] = {
                "value": points if enough else None,
                "weight_present": rounded(ratio(observed, weights)),
            }
    return found, contributions


@cache
def points_of(weight: Decimal, weights: Decimal, share: Fraction) -> Decimal:
    return rounded(100 * ratio(weight, weights) * share)


@cache
def scaled(floor: str, ceiling: str, direction: str | None, missing: str | None, value: Decimal | None) -> Fraction:
    """0 to 1."""
    if value is None:
        return Fraction(missing or 0)
    lowest, highest = Decimal(floor), Decimal(ceiling)
    share = ratio(min(max(value, lowest), highest) - lowest, highest - lowest)
    return 1 - share if direction == "lower_is_better" else share
