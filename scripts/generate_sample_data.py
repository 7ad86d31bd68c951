"""Make the sample company: realistic raw tables of the input contract, with planted stories.

Everything random is arithmetic on row numbers (no `random()`, no `hash()`, whose values may change between
versions, and no logarithms, which differ between platforms), and every file is written in a fixed order:
the same seed gives the same rows on every run, machine and number of threads. Big tables are made and
written in chunks of months, so memory does not grow with the length of history.

What audits answer (the names that `perfect_store_standards.csv` judges):
    facing_share        percent of the category's facings that are ours        at_least
    assortment_count    must-have products found on the shelf                  at_least
    price_gap           distance to the recommended price, in money, unsigned  within
    out_of_stock_count  listed products that were missing                      at_most
    pos_material        1 when our display material is up                      yes_no
    fridge_clean        1 when our fridge is clean and filled                  yes_no
Store attributes: shelf_metres, checkouts, floor_area (square metres), pos_potential (pieces), traffic (LOW, MEDIUM,
HIGH), and surroundings (residential, office, school, highway). About one store in fifteen lacks each.
External metrics: footfall, population, regional_income, temperature and rain of stores; search_interest of brands.

Each table is a folder of Parquet parts: part-000, part-001, … by time, and part-stories with the planted
rows of `sample_stories`. `company.json` says which day is the company's today.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
import typer

try:  # imported as part of the repository, or run as a script
    from scripts.sample_stories import DEFAULT_LAST_DAY, INFERRED, NOT_YET_KNOWN, REJECTED, STORIES, story_rows
except ImportError:
    from sample_stories import DEFAULT_LAST_DAY, INFERRED, NOT_YET_KNOWN, REJECTED, STORIES, story_rows

__all__ = ["generate", "STORIES", "REJECTED", "NOT_YET_KNOWN", "INFERRED", "TABLES", "DEFAULT_LAST_DAY"]

GENERATOR_VERSION = 3
LINES_PER_STORE_MONTH = 2.8
LINES_PER_CHUNK = 2_000_000
STORES_PER_REP = 50
# The stories reach back this many closed months; a shorter history leaves them out.
STORY_MONTHS = 36

REGIONS = ["NORTH", "SOUTH", "EAST", "WEST", "COAST", "LAKES", "HILLS", "CAPITAL"]
CITIES = ["Haven", "Bridge", "Field", "Mill", "Cross"]
KPIS = ["facing_share", "assortment_count", "price_gap", "out_of_stock_count", "pos_material", "fridge_clean"]
# category: its brands, and the product groups that each of its brands has
ASSORTMENT = {
    "WATER": (["AQUALIS", "KLARA", "FONTE"], ["STILL", "SPARKLING", "FLAVOURED"]),
    "SOFT-DRINKS": (["ZING", "COLARA", "FRESHUP"], ["COLA", "LEMONADE", "ENERGY"]),
    "JUICE": (["ORCHARD", "SUNPRESS", "FRUTTA"], ["ORANGE", "APPLE", "MIXED"]),
    "SNACKS": (["CRUNCHO", "SALTINA", "NUTTY"], ["CHIPS", "NUTS", "CRACKERS"]),
    "SWEETS": (["CHOCA", "CARAMELLA", "GUMMO"], ["BARS", "BOXES", "GUM"]),
    "DAIRY": (["ALPINA", "MEADOW", "CREMA"], ["YOGHURT", "DRINKS", "DESSERT"]),
}
PRODUCTS_PER_GROUP = 3
# sales by month of the year, in percent of the average: summer thirst and the holidays
SEASON = [82, 80, 90, 96, 108, 122, 130, 126, 100, 92, 88, 116]

# Columns by contract table. `*` marks the column that holds unparsable text in a few planted rows; it is
# delivered as text throughout then, as a company's CSV would be.
TABLES: dict[str, dict[str, str]] = {
    "erp_stores": {
        "store_id": "varchar",
        "store_name": "varchar",
        "channel": "varchar",
        "store_group_path": "varchar",
        "legal_type": "varchar",
        "industry": "varchar",
        "region": "varchar",
        "city": "varchar",
        "latitude": "decimal(9,6)",
        "longitude": "decimal(9,6)",
        "opened_on": "*date",
        "closed_on": "date",
        "customer_since": "date",
        "is_served": "boolean",
        "contact_email": "varchar",
        "contact_phone": "varchar",
    },
    "erp_products": {
        "product_id": "varchar",
        "product_name": "varchar",
        "product_group": "varchar",
        "brand": "varchar",
        "category": "varchar",
        "unit_cost": "*decimal(18,4)",
        "list_price": "decimal(18,4)",
    },
    "erp_orders": {
        "order_id": "varchar",
        "store_id": "varchar",
        "ordered_at": "*timestamp",
        "status": "varchar",
        "order_channel": "varchar",
        "rep_id": "varchar",
        "supplier_id": "varchar",
        "currency": "varchar",
    },
    "erp_order_lines": {
        "order_id": "varchar",
        "line_number": "integer",
        "product_id": "varchar",
        "quantity": "decimal(18,4)",
        "net_amount": "*decimal(18,4)",
        "discount_amount": "decimal(18,4)",
    },
    "sfa_reps": {
        "rep_id": "varchar",
        "rep_name": "varchar",
        "region": "varchar",
        "manager_id": "varchar",
        "hired_on": "date",
        "left_on": "date",
        "email": "varchar",
    },
    "sfa_store_assignments": {
        "store_id": "varchar",
        "rep_id": "varchar",
        "valid_from": "*date",
        "valid_to": "date",
    },
    "sfa_visits": {
        "visit_id": "varchar",
        "store_id": "varchar",
        "rep_id": "varchar",
        "started_at": "*timestamp",
        "ended_at": "timestamp",
        "is_planned": "boolean",
        "status": "varchar",
        "mandatory_steps": "integer",
        "completed_steps": "integer",
    },
    "sfa_audit_answers": {"visit_id": "varchar", "kpi": "varchar", "value": "*decimal(18,6)"},
    "sfa_store_attributes": {
        "store_id": "varchar",
        "attribute": "varchar",
        "value": "varchar",
        "recorded_at": "*timestamp",
        "recorded_by": "varchar",
    },
    "crm_interactions": {
        "interaction_id": "varchar",
        "store_id": "varchar",
        "occurred_at": "*timestamp",
        "channel": "varchar",
        "minutes": "integer",
    },
    "market_category_sales": {
        "store_id": "varchar",
        "category": "varchar",
        "period_start_date": "date",
        "own_sales": "decimal(18,4)",
        "category_sales": "*decimal(18,4)",
    },
    "crm_manual_segments": {
        "entity_type": "varchar",
        "entity_id": "varchar",
        "scheme": "varchar",
        "segment": "varchar",
        "valid_from": "*date",
        "valid_to": "date",
        "reason": "varchar",
        "set_by": "varchar",
        "approved_by": "varchar",
    },
}
TABLES |= {
    "erp_complaints": {
        "complaint_id": "varchar",
        "store_id": "varchar",
        "product_id": "varchar",
        "channel": "varchar",
        "opened_at": "timestamp",
        "closed_at": "timestamp",
    },
    "erp_stock_levels": {
        "product_id": "varchar",
        "warehouse_id": "varchar",
        "stock_date": "date",
        "quantity": "*decimal(18,4)",
    },
    "sfa_working_days": {
        "rep_id": "varchar",
        "work_date": "date",
        "minutes_worked": "decimal(18,4)",
        "is_day_off": "boolean",
    },
    "crm_survey_answers": {
        "answer_id": "varchar",
        "store_id": "varchar",
        "question": "varchar",
        "value": "decimal(18,6)",
        "answered_at": "timestamp",
    },
    "portal_events": {
        "event_id": "varchar",
        "store_id": "varchar",
        "occurred_at": "*timestamp",
        "event_type": "varchar",
    },
    "portal_points_adjustments": {
        "adjustment_id": "varchar",
        "store_id": "varchar",
        "points": "decimal(18,4)",
        "granted_at": "timestamp",
        "granted_by": "varchar",
        "reason": "varchar",
    },
    "market_epos_sales": {
        "store_id": "varchar",
        "product_id": "varchar",
        "sold_on": "date",
        "quantity": "decimal(18,4)",
        "amount": "decimal(18,4)",
    },
    "market_points_of_interest": {
        "poi_id": "varchar",
        "poi_type": "varchar",
        "latitude": "decimal(9,6)",
        "longitude": "decimal(9,6)",
    },
    "market_external_metrics": {
        "entity_type": "varchar",
        "entity_id": "varchar",
        "metric": "varchar",
        "measured_on": "date",
        "value": "*decimal(18,6)",
    },
}
for _columns in TABLES.values():
    _columns.update(loaded_at="timestamp", is_deleted="boolean")


@dataclass(frozen=True)
class Sample:
    """One run's parameters, and the small helpers that its SQL is written with."""

    con: duckdb.DuckDBPyConnection
    out_dir: Path
    seed: int
    stores: int
    months: int
    last_day: dt.date
    lines: int
    text_errors: bool

    @property
    def history_start(self) -> dt.date:
        index = self.last_day.year * 12 + self.last_day.month - 1 - self.months
        return dt.date(index // 12, index % 12 + 1, 1)

    @property
    def reps(self) -> int:
        return max(1, self.stores // STORES_PER_REP)

    def u(self, stream: str, number: str) -> str:
        """SQL for a uniform number in [0, 1) of this stream at this row number."""
        constant = int(hashlib.md5(f"{self.seed}:{stream}".encode()).hexdigest()[:8], 16)
        return f"uniform_at({number}, {constant})"

    def column_type(self, table: str, column: str) -> str:
        declared = TABLES[table][column]
        if declared.startswith("*"):
            return "varchar" if self.text_errors else declared[1:]
        return declared

    def write(self, table: str, part: str, select: str, order_by: str, defaults: dict | None = None) -> None:
        """Write one part of a table: contract columns in contract order, rows in a fixed order."""
        columns = ", ".join(
            f"cast({(defaults or {}).get(name, name)} as {self.column_type(table, name)}) as {name}"
            for name in TABLES[table]
        )
        folder = self.out_dir / table
        folder.mkdir(parents=True, exist_ok=True)
        self.con.execute(
            f"copy (select {columns} from ({select}) as made order by {order_by}) "
            f"to '{folder / (part + '.parquet')}' (format parquet, compression zstd)"
        )

    def loaded(self, moment: str) -> str:
        """Rows reach the warehouse on the evening of their day."""
        return f"(cast({moment} as date) + interval 23 hour)"


# lowbias-style integer mixing in 64-bit arithmetic that cannot overflow
MACROS = """
create or replace macro mix_one(x) as (xor(x, x >> 16) * 569420461) & 4294967295;
create or replace macro mix_two(x) as (xor(x, x >> 15) * 1935289751) & 4294967295;
create or replace macro mix_last(x) as xor(x, x >> 15);
create or replace macro uniform_at(n, stream) as
    mix_last(mix_two(mix_one(xor(((cast(n as bigint) & 4294967295) * 1640531527) & 4294967295, stream))))
    / 4294967296.0;
create or replace macro money(cents) as cast(cast(cents as decimal(17, 0)) * 0.01 as decimal(18, 2));
"""


def _literals(values: list) -> str:
    return "[" + ", ".join(f"'{v}'" for v in values) + "]"


def _calendar(s: Sample) -> None:
    s.con.execute(
        f"""
        create or replace temp table months as
        select
            cast(i as integer) as month_no,
            cast(date '{s.history_start}' + to_months(cast(i as integer)) as date) as month_start,
            case when i = {s.months} then day(date '{s.last_day}')
                else day(last_day(cast(date '{s.history_start}' + to_months(cast(i as integer)) as date)))
            end as days,
            case when i = {s.months} then day(date '{s.last_day}') / 30.0 else 1.0 end as part_of_month,
            {SEASON}[month(cast(date '{s.history_start}' + to_months(cast(i as integer)) as date))] / 100.0 as season
        from range({s.months + 1}) as r(i)
        """
    )


def _products(s: Sample) -> None:
    groups = [
        (category, brand, f"{brand}-{group}")
        for category, (brands, kinds) in ASSORTMENT.items()
        for brand in brands
        for group in kinds
    ]
    # low numbers sell best: shuffled (25 and the number of groups have no common factor), so that every
    # category has groups of every size
    rows = [
        (n * 25 % len(groups) * PRODUCTS_PER_GROUP + variant, *group, variant)
        for n, group in enumerate(groups)
        for variant in range(1, PRODUCTS_PER_GROUP + 1)
    ]
    values = ", ".join(f"({n}, '{c}', '{b}', '{g}', {v})" for n, c, b, g, v in rows)
    s.con.execute(
        f"""
        create or replace temp table products as
        select
            product_no,
            printf('P-%05d', product_no) as product_id,
            category,
            brand,
            product_group,
            concat(brand, ' ', lower(split_part(product_group, '-', 2)), ' ', variant) as product_name,
            cast(80 + floor({s.u("price", "product_no")} * 240) * variant as bigint) as price_cents,
            cast(55 + floor({s.u("cost", "product_no")} * 25) as bigint) as cost_percent,
            {s.u("cost known", "product_no")} < 0.96 as has_cost
        from (values {values}) as v(product_no, category, brand, product_group, variant)
        """
    )
    s.write(
        "erp_products",
        "part-000",
        f"""
        select *,
            case when has_cost then cast(price_cents * cost_percent as decimal(17, 0)) * 0.0001 end as unit_cost,
            money(price_cents) as list_price,
            timestamp '{s.history_start} 01:00:00' as loaded_at,
            false as is_deleted
        from products
        """,
        "product_id",
    )


def _stores(s: Sample) -> None:
    n = "store_no"
    start = f"date '{s.history_start}'"
    s.con.execute(
        f"""
        create or replace temp table stores as
        with numbered as (
            select
                cast(i as bigint) as store_no,
                -- territories of about 50 stores, with edges that wander by up to nine
                cast(least({s.reps - 1}, greatest(0, (i - 1) // {STORES_PER_REP} - case
                    when (i - 1) % {STORES_PER_REP}
                        < floor({s.u("edge", f"(i - 1) // {STORES_PER_REP}")} * 10) then 1
                    else 0
                end)) as integer) as territory
            from range(1, {s.stores + 1}) as r(i)
        ),
        drawn as (
            select
                *,
                territory % {len(REGIONS)} as region_no,
                cast(floor({s.u("city", n)} * {len(CITIES)}) as integer) as city_no,
                {s.u("channel", n)} as channel_draw,
                -- heavy tail: the largest store is some sixty times the smallest
                1 / (1 - 0.985 * {s.u("size", n)}) as size,
                {s.u("status", n)} as status_draw,
                {s.u("lapse", n)} as lapse_draw,
                {s.u("rate", n)} as rate_draw,
                -0.012 + 0.03 * {s.u("trend", n)} as trend,
                cast(floor({s.u("month one", n)} * {max(1, s.months - 1)}) as integer) as some_month,
                cast(floor({s.u("month two", n)} * {max(1, s.months - 6)}) as integer) as lapse_from,
                cast(8 + floor({s.u("lapse length", n)} * 12) as integer) as lapse_length,
                {s.u("quality", n)} as quality,
                {s.u("favourite", n)} as favourite_draw,
                cast(floor({s.u("day one", n)} * 5200) as integer) as day_one
            from numbered
        )
        select
            store_no,
            printf('S-%06d', store_no) as store_id,
            territory,
            region_no,
            {_literals(REGIONS)}[region_no + 1] as region,
            concat({_literals([r.title() for r in REGIONS])}[region_no + 1], ' ', {_literals(CITIES)}[city_no + 1])
                as city,
            city_no,
            case
                when channel_draw < 0.60 then 'traditional' when channel_draw < 0.75 then 'modern'
                when channel_draw < 0.89 then 'horeca' when channel_draw < 0.95 then 'petrol' else 'wholesale'
            end as channel,
            size * case
                when channel_draw < 0.60 then 1.0 when channel_draw < 0.75 then 10.0
                when channel_draw < 0.89 then 1.5 when channel_draw < 0.95 then 2.0 else 8.0
            end as volume,
            size,
            trend,
            quality,
            favourite_draw,
            0.4 + 1.6 * rate_draw as rate,
            -- 3 % never ordered, 8 % opened during the history, 3 % closed, 10 % paused for a while
            status_draw < 0.03 as is_prospect,
            case when status_draw between 0.03 and 0.11 then some_month + 1 else 0 end as first_month,
            case when status_draw > 0.97 then greatest(6, some_month + 1) end as last_month,
            case when lapse_draw < 0.10 then lapse_from end as lapse_from,
            lapse_from + lapse_length as lapse_to,
            case
                when status_draw < 0.03 then null
                when status_draw <= 0.11 then cast({start} + to_months(some_month + 1) as date)
                else {start} - 90 - day_one
            end as opened_on,
            day_one
        from drawn
        """
    )
    s.write(
        "erp_stores",
        "part-000",
        f"""
        select
            store_id,
            concat({_literals(["Corner", "Market", "Golden", "Family", "Sun", "Station", "River", "Old Town"])}[
                cast(1 + floor({s.u("name one", n)} * 8) as integer)], ' ',
                {_literals(["Shop", "Store", "Deli", "Kiosk", "Foods", "Express"])}[
                cast(1 + floor({s.u("name two", n)} * 6) as integer)], ' ', store_no) as store_name,
            channel,
            case
                when channel = 'modern' then concat(
                    {_literals(["FRESHCO", "MEGAMART", "CITYSHOP", "VALU", "GREENS"])}[
                        cast(1 + floor({s.u("chain", n)} * 5) as integer)], '/', region, '/',
                    {_literals(["HYPER", "SUPER", "EXPRESS"])}[cast(1 + floor({s.u("format", n)} * 3) as integer)])
                when channel = 'petrol' then concat(
                    {_literals(["FUELGO", "PETRA"])}[cast(1 + floor({s.u("chain", n)} * 2) as integer)], '/', region)
                when channel = 'traditional' and {s.u("chain", n)} < 0.15 then concat('COOP-', 1 + store_no % 3)
                when channel = 'horeca' and {s.u("chain", n)} < 0.10 then concat('BISTRO/', region)
            end as store_group_path,
            case when channel in ('modern', 'petrol') then 'public'
                when channel = 'wholesale' or {s.u("legal", n)} < 0.4 then 'company'
                else 'individual' end as legal_type,
            case when channel = 'horeca' then 'gastronomy' when channel = 'petrol' then 'fuel'
                when channel = 'wholesale' then 'wholesale' else 'grocery' end as industry,
            region,
            city,
            cast(46 + region_no as decimal(9, 6))
                + cast(floor(city_no * 150000 + {s.u("lat", n)} * 100000) as bigint) * 0.000001 as latitude,
            cast(6 + region_no // 2 as decimal(9, 6))
                + cast(floor(city_no * 150000 + {s.u("lon", n)} * 100000) as bigint) * 0.000001 as longitude,
            opened_on,
            case when last_month is not null then cast({start} + to_months(last_month) as date) - 1 end as closed_on,
            -- most old customers' first purchase is known; of new ones the first document tells
            case when not is_prospect and first_month = 0 and {s.u("since", n)} < 0.8
                then {start} - 60 - cast(floor(day_one * 0.9) as integer) end as customer_since,
            not is_prospect as is_served,
            concat('owner', store_no, '@example.com') as contact_email,
            printf('+00 555 %07d', store_no) as contact_phone,
            timestamp '{s.history_start} 01:00:00' as first_load,
            greatest(timestamp '{s.history_start} 01:00:00', opened_on + interval 23 hour) as loaded_at,
            false as is_deleted
        from stores
        """,
        "store_id",
        {"loaded_at": "coalesce(loaded_at, first_load)"},
    )


def _reps(s: Sample) -> None:
    """Territories, the reps who leave and their successors, and who has which store when."""
    left_month = max(1, s.months * 5 // 9)
    start = f"date '{s.history_start}'"
    s.con.execute(
        f"""
        create or replace temp table reps as
        select
            cast(i as integer) as territory,
            printf('R-%05d', i + 1) as rep_id,
            i % {len(REGIONS)} as region_no,
            i % 12 = 5 as leaves,
            cast({start} + to_months({left_month}) as date) + cast(i % 28 as integer) as left_on,
            printf('R-%05d', {s.reps} + i // 12 + 1) as successor_id,
            {start} - 30 - cast(floor({s.u("hired", "i")} * 3000) as integer) as hired_on
        from range({s.reps}) as r(i);

        create or replace temp table assignments as
        with moves as (
            select
                stores.store_no,
                stores.store_id,
                greatest({start}, coalesce(stores.opened_on, {start})) as assigned_on,
                own.rep_id as old_rep_id,
                case
                    when own.leaves then own.successor_id
                    when {s.u("moved", "store_no")} < 0.15 and not neighbour.leaves then neighbour.rep_id
                end as new_rep_id,
                case
                    when own.leaves then own.left_on
                    else {start} + cast(30 + floor({s.u("moved on", "store_no")} * {s.months * 30 - 60}) as integer)
                end as moved_on,
                -- some stores wait for their next rep
                case when {s.u("gap", "store_no")} < 0.1 then 21 else 0 end as gap_days
            from stores
            inner join reps as own on stores.territory = own.territory
            left join reps as neighbour on stores.territory + {len(REGIONS)} = neighbour.territory
        )
        select store_no, store_id, old_rep_id as rep_id, assigned_on as valid_from,
            case when new_rep_id is not null then moved_on end as valid_to
        from moves
        where new_rep_id is null or moved_on > assigned_on
        union all
        select store_no, store_id, new_rep_id, greatest(moved_on + gap_days, assigned_on), null
        from moves
        where new_rep_id is not null;
        """
    )
    s.write(
        "sfa_reps",
        "part-000",
        f"""
        select
            rep_id,
            concat('Rep ', rep_id) as rep_name,
            {_literals(REGIONS)}[region_no + 1] as region,
            concat('M-', {_literals(REGIONS)}[region_no + 1]) as manager_id,
            hired_on,
            case when leaves then left_on - 1 end as left_on
        from reps
        union all
        select successor_id, concat('Rep ', successor_id), {_literals(REGIONS)}[region_no + 1],
            concat('M-', {_literals(REGIONS)}[region_no + 1]), left_on, null
        from reps
        where leaves
        union all
        select concat('M-', region), concat('Manager ', region), region, 'M-ALL', {start} - 2000, null
        from unnest({_literals(REGIONS)}) as regions(region)
        union all
        select 'M-ALL', 'Sales director', null, null, {start} - 3000, null
        union all
        select 'R-KEY-ACCOUNTS', 'Key accounts', null, 'M-ALL', {start} - 1000, null
        """,
        "rep_id",
        {
            "email": "concat(lower(rep_id), '@example.com')",
            "loaded_at": f"greatest(timestamp '{s.history_start} 01:00:00', hired_on + interval 1 hour)",
            "is_deleted": "false",
        },
    )
    s.write(
        "sfa_store_assignments",
        "part-000",
        f"""
        select store_id, rep_id, valid_from, valid_to from assignments
        union all
        -- a second rep beside the territory's
        select store_id, 'R-KEY-ACCOUNTS', greatest({start}, coalesce(opened_on, {start})), null
        from stores
        where channel = 'modern' and size > 20
        """,
        "store_id, rep_id, valid_from",
        {
            "loaded_at": f"greatest(timestamp '{s.history_start} 01:00:00', valid_from + interval 1 hour)",
            "is_deleted": "false",
        },
    )


def _rep_on(day: str) -> str:
    """Join condition: the territory rep of a store on a day."""
    return f"assignments.valid_from <= {day} and (assignments.valid_to is null or {day} < assignments.valid_to)"


def _orders(s: Sample, part: str, first: int, last: int) -> None:
    """Orders and their lines of some months, with late, repeated, corrected and deleted ones."""
    boost = s.lines / (LINES_PER_STORE_MONTH * s.stores * (s.months + s.last_day.day / 30))
    o = "order_no"
    s.con.execute(
        f"""
        create or replace temp table documents as
        with due as (
            select
                stores.*,
                months.*,
                (stores.store_no * {s.months + 1} + months.month_no) * 32 as number_base,
                least(31, cast(floor(
                    rate * {boost} * (0.5 + season / 2) * part_of_month
                    + {s.u("orders", f"stores.store_no * {s.months + 1} + months.month_no")}
                ) as integer)) as due_orders
            from stores
            cross join months
            where months.month_no between {first} and {last}
                and not is_prospect
                and months.month_no >= first_month
                and (last_month is null or months.month_no < last_month)
                and (lapse_from is null or months.month_no < lapse_from or months.month_no >= lapse_to)
        ),
        repeated as (
            select *, unnest(range(1, due_orders + 1)) as sequence_no from due
        ),
        numbered as (
            select *, number_base + sequence_no as order_no from repeated
        ),
        drawn as (
            select
                *,
                month_start + cast(floor({s.u("order day", o)} * days) as integer) as ordered_on,
                {s.u("order status", o)} as status_draw,
                {s.u("order late", o)} as late_draw,
                {s.u("order repeat", o)} as repeat_draw,
                cast(1 + floor({s.u("order lines", o)} * 4) as integer) as line_count
            from numbered
        )
        select
            order_no,
            store_no,
            store_id,
            concat('O-', strftime(month_start, '%y%m'), printf('-%06d-%02d', store_no, sequence_no)) as order_id,
            ordered_on,
            cast(ordered_on as timestamp)
                + to_seconds(25200 + cast(floor({s.u("order time", o)} * 36000) as bigint)) as ordered_at,
            case
                when status_draw < 0.020 then 'cancelled'
                when status_draw < 0.035 then 'returned'
                when ordered_on > date '{s.last_day}' - 5 then 'placed'
                else 'invoiced'
            end as status,
            status_draw >= 0.035 and status_draw < 0.043 as is_credit_note,
            -- a favourite way of ordering, and now and then another
            {_literals(["rep", "phone", "email", "portal", "edi"])}[case
                when {s.u("other channel", o)} < 0.25 then cast(1 + floor({s.u("channel drawn", o)} * 4) as integer)
                when channel = 'modern' then 5
                when favourite_draw < 0.45 then 1
                when favourite_draw < 0.70 then 2
                when favourite_draw < 0.80 then 3
                else 4
            end] as order_channel,
            case when channel <> 'modern' and store_no % 8 = 3 and {s.u("supplier", o)} < 0.7
                then concat('D-', 1 + region_no) end as supplier_id,
            volume * (1 + trend * month_no) * (0.5 + season / 2) as volume,
            line_count,
            -- a few reach the warehouse weeks later, or again, or are deleted
            case when late_draw < 0.015
                then least(ordered_on + 10 + cast(floor(late_draw * 4000) as integer), date '{s.last_day}')
                else ordered_on
            end as loaded_on,
            repeat_draw < 0.003 as is_repeated,
            repeat_draw > 0.999 as is_deleted_later
        from drawn;
        """
    )
    s.write(
        "erp_orders",
        part,
        f"""
        with sent as (
            select documents.*, assignments.rep_id as territory_rep_id
            from documents
            left join assignments
                on documents.store_no = assignments.store_no and {_rep_on("documents.ordered_on")}
        )
        select *, {s.loaded("loaded_on")} as loaded_at, false as is_deleted from sent
        union all
        select *, {s.loaded("loaded_on")} + interval 30 minute, false from sent where is_repeated
        union all
        select *, {s.loaded("least(loaded_on + 4, date '" + str(s.last_day) + "')")} + interval 40 minute, true
        from sent
        where is_deleted_later
        """,
        "order_id, loaded_at",
        {
            "currency": "'EUR'",
            "rep_id": "case when order_channel in ('rep', 'phone') then territory_rep_id end",
        },
    )
    line = "order_no * 8 + line_number"
    s.write(
        "erp_order_lines",
        part,
        f"""
        with counted as (
            select *, cast(unnest(range(1, line_count + 1)) as integer) as line_number from documents
        ),
        drawn as (
            select
                *,
                cast(1 + floor({s.u("product", line)} * {s.u("product skew", line)} * {_product_count()}) as integer)
                    as product_no,
                90 * volume * (0.4 + 1.2 * {s.u("amount", line)}) as wanted,
                {s.u("line kind", line)} as kind_draw,
                cast(greatest(0, floor({s.u("discount", line)} * 8) - 5) * 5 as bigint) as discount_percent
            from counted
        ),
        priced as (
            select
                drawn.*,
                products.product_id,
                products.price_cents,
                cast(greatest(1, floor(case
                    when is_credit_note or status = 'returned' then wanted * 0.2
                    else wanted
                end * 100 / products.price_cents)) as bigint) * case
                    when status = 'returned' and kind_draw < 0.9 then -1
                    when is_credit_note or kind_draw > 0.99 then -1
                    else 1
                end as quantity
            from drawn
            inner join products on drawn.product_no = products.product_no
        ),
        valued as (
            select *,
                quantity * price_cents * (100 - discount_percent) as net_of_percent,
                quantity * price_cents * discount_percent as discount_of_percent
            from priced
        ),
        sent as (
            select *,
                cast(net_of_percent as decimal(18, 0)) * 0.0001 as net_amount,
                cast(discount_of_percent as decimal(18, 0)) * 0.0001 as discount_amount
            from valued
        )
        select *, {s.loaded("loaded_on")} as loaded_at from sent
        union all
        select * replace (cast(net_amount * 0.5 as decimal(18, 4)) as net_amount),
            {s.loaded("loaded_on")} + interval 30 minute
        from sent
        where is_repeated and line_number = 1
        """,
        "order_id, line_number, loaded_at",
        {"is_deleted": "false", "net_amount": "cast(net_amount as decimal(18, 4))"},
    )


def _product_count() -> int:
    return sum(len(brands) * len(groups) for brands, groups in ASSORTMENT.values()) * PRODUCTS_PER_GROUP


def _field(s: Sample, part: str, first: int, last: int) -> None:
    """Visits, audit answers, interactions and category sales of some months."""
    v = "visit_no"
    s.con.execute(
        f"""
        create or replace temp table visits as
        with due as (
            select
                stores.store_no, stores.store_id, stores.territory, stores.quality, stores.channel, stores.size,
                months.*,
                stores.store_no * {s.months + 1} + months.month_no as visit_no
            from stores
            cross join months
            where months.month_no between {first} and {last}
                and months.month_no >= first_month
                and (last_month is null or months.month_no < last_month)
                -- most are seen monthly, prospects now and then
                and {s.u("visited", f"stores.store_no * {s.months + 1} + months.month_no")}
                    < case when is_prospect then 0.05 when channel = 'wholesale' then 0.3 else 0.65 end
                    * months.part_of_month
        ),
        dated as (
            select *,
                month_start + cast(floor({s.u("visit day", v)} * days) as integer) as visited_on,
                {s.u("visit status", v)} as status_draw,
                {s.u("steps", v)} as steps_draw,
                cast(10 + floor({s.u("minutes", v)} * 50) as integer) as minutes,
                -- a store's own standard, its rep's discipline, and the day's luck
                least(1, greatest(0, 0.05 + 0.9 * quality + 0.3 * ({s.u("luck", v)} - 0.5)
                    + 1.1 * ({s.u("discipline", "territory")} - 0.5))) as shown
            from due
        )
        select
            dated.*,
            assignments.rep_id,
            concat('V-', strftime(month_start, '%y%m'), printf('-%06d', dated.store_no)) as visit_id,
            cast(visited_on as timestamp)
                + to_seconds(28800 + cast(floor({s.u("visit time", v)} * 28800) as bigint)) as started_at,
            case when status_draw < 0.88 then 'done' when status_draw < 0.96 then 'missed' else 'cancelled' end
                as status
        from dated
        inner join assignments
            on dated.store_no = assignments.store_no and {_rep_on("dated.visited_on")};
        """
    )
    s.write(
        "sfa_visits",
        part,
        """
        select *,
            case when status = 'done' then started_at + to_minutes(minutes) end as ended_at,
            status_draw < 0.7 or status_draw >= 0.88 as is_planned,
            8 as mandatory_steps,
            case when status = 'done' then cast(least(8, 5 + floor(steps_draw * 6)) as integer) end as completed_steps
        from visits
        """,
        "visit_id",
        {"loaded_at": s.loaded("started_at"), "is_deleted": "false"},
    )
    a = "visit_no * 8 + kpi_no"
    s.write(
        "sfa_audit_answers",
        part,
        f"""
        with asked as (
            select *, unnest(range(1, {len(KPIS) + 1})) as kpi_no
            from visits
            where status = 'done' and {s.u("audited", v)} < 0.62
        ),
        drawn as (
            select *,
                {_literals(KPIS)}[kpi_no] as kpi,
                {s.u("answer", a)} as draw,
                {s.u("answered", a)} as answered_draw
            from asked
        )
        select *,
            money(case kpi
                when 'facing_share' then floor(18 + 34 * shown + 4 * draw
                    + case when channel = 'modern' then 8 else 0 end) * 100
                when 'assortment_count' then floor(8 + 7 * shown + 2 * draw
                    + case when channel = 'modern' then 10 when size > 8 then 4 else 0 end) * 100
                when 'price_gap' then floor(case when draw < 0.5 + 0.45 * shown then draw * 6 else 6 + draw * 30 end)
                when 'out_of_stock_count' then floor((1.15 - shown) * 7 * draw) * 100
                else case when draw < 0.25 + 0.75 * shown then 100 else 0 end
            end) as value
        from drawn
        where answered_draw < 0.97
        """,
        "visit_id, kpi",
        {"loaded_at": s.loaded("started_at"), "is_deleted": "false"},
    )
    i = f"stores.store_no * {s.months + 1} + months.month_no"
    s.write(
        "crm_interactions",
        part,
        f"""
        select
            concat('I-', strftime(month_start, '%y%m'), printf('-%06d', stores.store_no)) as interaction_id,
            store_id,
            month_start + cast(floor({s.u("contact day", i)} * days) as integer) as contacted_on,
            cast(month_start + cast(floor({s.u("contact day", i)} * days) as integer) as timestamp)
                + to_seconds(32400 + cast(floor({s.u("contact time", i)} * 25200) as bigint)) as occurred_at,
            {_literals(["phone", "phone", "email", "chat"])}[
                cast(1 + floor({s.u("contact channel", i)} * 4) as integer)] as channel,
            cast(2 + floor({s.u("contact minutes", i)} * 20) as integer) as minutes
        from stores
        cross join months
        where months.month_no between {first} and {last}
            and months.month_no >= first_month
            and (last_month is null or months.month_no < last_month)
            and {s.u("contact", i)} < case when is_prospect then 0.04 else 0.25 end * months.part_of_month
        """,
        "interaction_id",
        {"loaded_at": s.loaded("contacted_on"), "is_deleted": "false"},
    )
    c = f"(store_no * {s.months + 1} + month_no) * 8 + category_no"
    s.write(
        "market_category_sales",
        part,
        f"""
        with measured as (
            select stores.*, months.month_no, months.month_start, months.season,
                unnest(range(1, {len(ASSORTMENT) + 1})) as category_no
            from stores
            cross join months
            -- a panel of one store in ten, measured when the month is over
            where stores.store_no % 10 = 7
                and months.month_no between {first} and least({last}, {s.months - 1})
                and months.month_no >= first_month
                and month_start + interval 1 month + interval 12 day <= timestamp '{s.last_day} 00:00:00'
        ),
        drawn as (
            select *,
                {_literals(list(ASSORTMENT))}[category_no] as category,
                cast(floor(8000 * volume * season * (0.5 + {s.u("category", c)})) as bigint) as category_cents,
                0.05 + 0.5 * {s.u("own share", "store_no")} as own_share
            from measured
        )
        select *, month_start as period_start_date, money(floor(category_cents * own_share)) as own_sales,
            money(category_cents) as category_sales
        from drawn
        """,
        "store_id, category, period_start_date",
        {"loaded_at": "month_start + interval 1 month + interval 12 day", "is_deleted": "false"},
    )


def _attributes(s: Sample) -> None:
    n = "store_no"
    start = f"date '{s.history_start}'"
    s.write(
        "sfa_store_attributes",
        "part-000",
        f"""
        with first_seen as (
            select *,
                greatest({start}, coalesce(opened_on, {start}))
                    + cast(floor({s.u("measured", n)} * 60) as integer) as measured_on,
                1 + least(1, size / 12) * 12 + {s.u("shelf", n)} * 8 as metres
            from stores
        ),
        measured as (
            select *, measured_on as day_on, metres as shelf, 0 as again from first_seen
            union all
            -- one shop in five is rebuilt
            select *, measured_on + 200 + cast(floor({s.u("rebuilt", n)} * 600) as integer),
                metres * (0.5 + {s.u("rebuilt shelf", n)}), 1
            from first_seen
            where {s.u("is rebuilt", n)} < 0.2
        ),
        listed as (
            select *, 'shelf_metres' as attribute, cast(cast(floor(shelf * 10) as bigint) * 0.1 as varchar) as value
            from measured
            where {s.u("has shelf", n)} < 0.95
            union all
            select *, 'checkouts', cast(cast(1 + floor(shelf * {s.u("checkouts", n)} / 4) as integer) as varchar)
            from measured
            where {s.u("has checkouts", n)} < 0.95
            union all
            select *, 'traffic', {_literals(["LOW", "MEDIUM", "HIGH"])}[
                cast(1 + floor({s.u("traffic", n + " * 2 + again")} * 3) as integer)]
            from measured
            where {s.u("has traffic", n)} < 0.93
            union all
            select *, 'floor_area', cast(cast(floor(shelf * (6 + 24 * {s.u("floor area", n)})) as integer) as varchar)
            from measured
            where {s.u("has floor area", n)} < 0.93
            union all
            select *, 'pos_potential', cast(cast(floor(20 * {s.u("pos potential", n)}) as integer) as varchar)
            from measured
            where again = 0 and {s.u("has pos potential", n)} < 0.9
            union all
            select *, 'surroundings', {_literals(["residential", "office", "school", "highway"])}[
                cast(1 + floor({s.u("surroundings", n)} * 4) as integer)]
            from measured
            where again = 0
        )
        select *, day_on + interval 9 hour as recorded_at, printf('R-%05d', territory + 1) as recorded_by
        from listed
        where day_on <= date '{s.last_day}'
        """,
        "store_id, attribute, recorded_at",
        {"loaded_at": s.loaded("recorded_at"), "is_deleted": "false"},
    )
    s.write(
        "crm_manual_segments",
        "part-000",
        f"""
        with chosen as (
            select *, {start} + cast(floor({s.u("by hand on", n)} * {s.months * 30 - 30}) as integer) as decided_on,
                cast(1 + floor({s.u("by hand kind", n)} * 3) as integer) as kind
            from stores
            where {s.u("by hand", n)} < 0.012
        )
        select
            'store' as entity_type,
            store_id as entity_id,
            'lifecycle' as scheme,
            {_literals(["BLOCKED", "COMPETITOR", "LIQUIDATED"])}[kind] as segment,
            decided_on as valid_from,
            case when {s.u("by hand ends", n)} < 0.5 then decided_on + 120 end as valid_to,
            {_literals(["unpaid invoices", "exclusive contract elsewhere", "closing down"])}[kind] as reason,
            'sales office' as set_by,
            case when {s.u("approved", n)} < 0.8 then 'sales director' end as approved_by
        from chosen
        """,
        "entity_id, valid_from",
        {"loaded_at": "valid_from + interval 12 hour", "is_deleted": "false"},
    )


def _portal(s: Sample, part: str, first: int, last: int) -> None:
    """What stores do on the ordering portal: one in three uses it, some of them a lot."""
    m = f"(store_no * {s.months + 1} + month_no)"
    s.write(
        "portal_events",
        part,
        f"""
        with users as (
            select *, {s.u("portal zeal", "store_no")} as zeal
            from stores
            cross join months
            where months.month_no between {first} and {last}
                and {s.u("portal user", "store_no")} < 0.35
                and not is_prospect
                and months.month_no >= first_month + 3
                and (last_month is null or months.month_no < last_month)
        ),
        counted as (
            select *, unnest([
                {{'kind': 1, 'event_type': 'login', 'times': floor(part_of_month * 14 * zeal * {s.u("logins", m)})}},
                {{'kind': 2, 'event_type': 'order_placed',
                    'times': floor(part_of_month * 8 * zeal * {s.u("portal orders", m)})}},
                {{'kind': 3, 'event_type': 'promotion_viewed',
                    'times': floor(part_of_month * 7 * zeal * {s.u("promotions", m)})}},
                {{'kind': 4, 'event_type': 'training_completed',
                    'times': case when {s.u("training", m)} < 0.10 * zeal then 1 else 0 end}},
                {{'kind': 5, 'event_type': 'basket_abandoned',
                    'times': case when {s.u("basket", m)} < 0.15 then 1 else 0 end}}
            ], recursive := true)
            from users
        ),
        repeated as (
            select *, unnest(range(1, cast(times as integer) + 1)) as sequence_no from counted
        ),
        numbered as (
            select *, ({m} * 8 + kind) * 16 + sequence_no as event_no from repeated
        )
        select *,
            concat('E-', strftime(month_start, '%y%m'), printf('-%06d-%d-%02d', store_no, kind, sequence_no))
                as event_id,
            cast(month_start + cast(floor({s.u("event day", "event_no")} * days) as integer) as timestamp)
                + to_seconds(25200 + cast(floor({s.u("event time", "event_no")} * 50400) as bigint)) as occurred_at
        from numbered
        """,
        "event_id",
        {"loaded_at": s.loaded("occurred_at"), "is_deleted": "false"},
    )
    s.write(
        "portal_points_adjustments",
        part,
        f"""
        select
            concat('J-', strftime(month_start, '%y%m'), printf('-%06d', store_no)) as adjustment_id,
            store_id,
            case when {s.u("points taken", m)} < 0.2 then -1 else 1 end
                * 25 * ceil(8 * {s.u("points granted", m)}) as points,
            cast(month_start + cast(floor({s.u("points day", m)} * days) as integer) as timestamp)
                + interval 12 hour as granted_at,
            'loyalty desk' as granted_by,
            {_literals(["campaign won", "event attended", "points booked twice"])}[
                1 + cast(floor({s.u("points reason", m)} * 3) as integer)
            ] as reason
        from stores
        cross join months
        where months.month_no between {first} and {last}
            and {s.u("portal user", "store_no")} < 0.35
            and {s.u("points", m)} < 0.01
            and not is_prospect
            and months.month_no >= first_month + 3
            and (last_month is null or months.month_no < last_month)
        """,
        "adjustment_id",
        {"loaded_at": s.loaded("granted_at"), "is_deleted": "false"},
    )


def _service(s: Sample, part: str, first: int, last: int) -> None:
    """Complaints, surveys, sell-out of a panel, and what is measured around the stores, of some months."""
    m = f"(store_no * {s.months + 1} + month_no)"
    alive = f"""
        from stores
        cross join months
        where months.month_no between {first} and {last}
            and months.month_no >= first_month
            and (last_month is null or months.month_no < last_month)
    """
    s.write(
        "erp_complaints",
        part,
        f"""
        select store_id,
            concat('C-', strftime(month_start, '%y%m'), printf('-%06d', store_no)) as complaint_id,
            cast(month_start + cast(floor({s.u("complaint day", m)} * days) as integer) as timestamp)
                + interval 11 hour as opened_at,
            month_start + cast(floor({s.u("complaint day", m)} * days) as integer)
                + cast(floor({s.u("complaint length", m)} * 20) as integer) + interval 15 hour as closed_at,
            {_literals(["phone", "email", "portal", "rep"])}[
                cast(1 + floor({s.u("complaint channel", m)} * 4) as integer)] as channel,
            printf('P-%05d', cast(1 + floor({s.u("complaint product", m)} * {_product_count()}) as integer))
                as product_id
        {alive} and not is_prospect and {s.u("complaint", m)} < 0.02 * part_of_month
        """,
        "complaint_id",
        {
            "loaded_at": s.loaded("opened_at"),
            "is_deleted": "false",
            "closed_at": f"case when closed_at <= timestamp '{s.last_day} 00:00:00' then closed_at end",
        },
    )
    s.write(
        "crm_survey_answers",
        part,
        f"""
        with asked as (
            select *, unnest(['satisfaction', 'competitor_purchases']) as question
            {alive} and not is_prospect and {s.u("asked", m)} < 0.03 * part_of_month
        )
        select *,
            concat('A-', strftime(month_start, '%y%m'), printf('-%06d-', store_no), question) as answer_id,
            cast(case
                when question = 'satisfaction' then 1 + floor(10 * (0.6 * quality + 0.4 * {s.u("satisfaction", m)}))
                else floor(400 * volume * {s.u("competitor", m)})
            end as bigint) as value,
            cast(month_start + cast(floor({s.u("survey day", m)} * days) as integer) as timestamp)
                + interval 14 hour as answered_at
        from asked
        """,
        "answer_id",
        {"loaded_at": s.loaded("answered_at"), "is_deleted": "false"},
    )
    s.write(
        "market_epos_sales",
        part,
        f"""
        with tills as (
            select *, unnest(range(0, 6)) as shelf_no
            -- a panel of modern stores whose tills report twice a month
            {alive} and channel = 'modern' and store_no % 4 = 1
        ),
        sold as (
            select *, unnest([5, 20]) as day_no from tills
        )
        select *,
            printf('P-%05d', cast(1 + (store_no * 7 + shelf_no * 11) % {_product_count()} as integer)) as product_id,
            month_start + day_no as sold_on,
            cast(1 + floor(2 * volume * season * {s.u("sold", f"({m} * 8 + shelf_no) * 32 + day_no")}) as bigint)
                as quantity,
            money(cast(1 + floor(2 * volume * season * {s.u("sold", f"({m} * 8 + shelf_no) * 32 + day_no")}) as bigint)
                * cast(120 + floor({s.u("till price", "shelf_no")} * 200) as bigint)) as amount
        from sold
        where month_start + day_no <= date '{s.last_day}'
        """,
        "store_id, product_id, sold_on",
        {"loaded_at": s.loaded("sold_on"), "is_deleted": "false"},
    )
    s.write(
        "market_external_metrics",
        part,
        f"""
        with around as (
            select *, unnest([
                -- counted at two stores in five, weather of every tenth, statistics of nearly all once a year
                {{'metric': 'footfall', 'is_measured': {s.u("has footfall", "store_no")} < 0.4, 'measure':
                    floor((80 + 900 * {s.u("footfall", "store_no")}) * (0.7 + 0.6 * {s.u("footfall now", m)}))}},
                {{'metric': 'temperature', 'is_measured': store_no % 10 = 3, 'measure':
                    floor(10 * (season * 20 - 10 + 4 * {s.u("temperature", m)})) / 10}},
                {{'metric': 'rain', 'is_measured': store_no % 10 = 3, 'measure': floor(120 * {s.u("rain", m)})}},
                {{'metric': 'population',
                    'is_measured': month_no % 12 = 0 and {s.u("has population", "store_no")} < 0.9, 'measure':
                    floor(600 + 24000 * {s.u("population", "store_no")} * {s.u("population", "city_no")})}},
                {{'metric': 'regional_income', 'is_measured': month_no % 12 = 0, 'measure':
                    floor((9000 + 30000 * {s.u("income", "region_no")}) * (1 + month_no * 0.002))}}
            ], recursive := true)
            from stores
            cross join months
            where months.month_no between {first} and {last}
        )
        select 'store' as entity_type, store_id as entity_id, metric, month_start + 3 as measured_on,
            cast(floor(measure * 10) as bigint) * 0.1 as value
        from around
        where is_measured and month_start + 3 <= date '{s.last_day}'
        union all
        select 'product_group', concat('brand:', brand), 'search_interest', month_start + 3,
            cast(floor(100 * {s.u("interest", "brand_no * 1000 + month_no")}) as bigint)
        from (select brand, row_number() over (order by brand) as brand_no from products group by brand) as brands
        cross join months
        where months.month_no between {first} and {last} and month_start + 3 <= date '{s.last_day}'
        """,
        "entity_type, entity_id, metric, measured_on",
        {"loaded_at": s.loaded("measured_on"), "is_deleted": "false"},
    )


def _days_and_stock(s: Sample) -> None:
    """The reps' working days, what lies in the warehouses every week, and the places that draw people."""
    d = "territory * 20000 + day_no"
    s.write(
        "sfa_working_days",
        "part-000",
        f"""
        with days as (
            select cast(date '{s.history_start}' + cast(i as integer) as date) as work_date,
                cast(i as bigint) as day_no
            from range(datediff('day', date '{s.history_start}', date '{s.last_day}') + 1) as r(i)
        ),
        worked as (
            select territory, rep_id, work_date, day_no from reps cross join days
            where work_date >= hired_on and (not leaves or work_date < left_on)
            union all
            select territory, successor_id, work_date, day_no from reps cross join days
            where leaves and work_date >= left_on
        )
        select *, {s.u("off", d)} < 0.07 as is_day_off,
            case when {s.u("off", d)} < 0.07 then 0
                else cast(floor(360 + 90 * {s.u("diligence", "territory")} + 90 * {s.u("minutes worked", d)})
                    as integer)
            end as minutes_worked
        from worked
        where dayofweek(work_date) between 1 and 5
        """,
        "rep_id, work_date",
        {"loaded_at": s.loaded("work_date"), "is_deleted": "false"},
    )
    p = "product_no * 2000 + week_no"
    s.write(
        "erp_stock_levels",
        "part-000",
        f"""
        with weeks as (
            select cast(date '{s.history_start}' + cast(7 * i as integer) as date) as stock_date,
                cast(i as bigint) as week_no
            from range(datediff('day', date '{s.history_start}', date '{s.last_day}') // 7 + 1) as r(i)
        )
        select product_id, warehouse_id, stock_date,
            cast(floor({s.stores} * (0.2 + {s.u("stock", p)}) * 40 / (10 + product_no)
                * case warehouse_id when 'W-EAST' then 2 else 1 end) as bigint) as quantity
        from products
        cross join weeks
        cross join (values ('W-EAST'), ('W-WEST')) as warehouses (warehouse_id)
        """,
        "product_id, warehouse_id, stock_date",
        {"loaded_at": s.loaded("stock_date"), "is_deleted": "false"},
    )
    s.write(
        "market_points_of_interest",
        "part-000",
        f"""
        with kinds as (
            select * from (values ('fuel station', 1, 4), ('school', 2, 5), ('hospital', 3, 1), ('university', 4, 1))
                as v(poi_type, kind, how_many)
        ),
        places as (
            select *, ((region_no * 8 + city_no) * 8 + kind) * 8 + number as poi_no
            from (select unnest(range({len(REGIONS)})) as region_no)
            cross join (select unnest(range({len(CITIES)})) as city_no)
            cross join (select *, unnest(range(how_many)) as number from kinds)
            -- not every town has a university
            where poi_type <> 'university' or city_no = 0
        )
        select printf('POI-%05d', poi_no) as poi_id, poi_type,
            cast(46 + region_no as decimal(9, 6))
                + cast(floor(city_no * 150000 + {s.u("poi lat", "poi_no")} * 100000) as bigint) * 0.000001 as latitude,
            cast(6 + region_no // 2 as decimal(9, 6))
                + cast(floor(city_no * 150000 + {s.u("poi lon", "poi_no")} * 100000) as bigint) * 0.000001 as longitude,
            timestamp '{s.history_start} 01:00:00' as loaded_at
        from places
        """,
        "poi_id",
        {"is_deleted": "false"},
    )


def _stories(s: Sample) -> None:
    for table, rows in story_rows(s.last_day, s.text_errors).items():
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in [*TABLES[table]]}
        columns["row_no"] = pa.array(range(len(rows)), pa.int64())
        s.con.register("story_rows", pa.table(columns))
        s.write(table, "part-stories", "select * from story_rows", "row_no")
        s.con.unregister("story_rows")


def generate(
    out_dir: str | Path,
    seed: int = 1,
    stores: int = 2000,
    months: int = 36,
    last_day: str | dt.date = DEFAULT_LAST_DAY,
    lines: int | None = None,
    text_errors: bool = True,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> dict:
    """Write the sample company into out_dir (one folder of Parquet parts per table) and return its company.json."""
    out_dir = Path(out_dir).resolve()
    if not 1 <= stores <= 999_999 or not 3 <= months <= 240:
        raise ValueError("stores must be 1 to 999,999 and months 3 to 240")
    last_day = dt.date.fromisoformat(str(last_day))
    lines = lines or round(LINES_PER_STORE_MONTH * stores * months)
    for table in TABLES:
        shutil.rmtree(out_dir / table, ignore_errors=True)
    out_dir.mkdir(parents=True, exist_ok=True)
    spill = out_dir / ".spill"
    with duckdb.connect() as con:
        con.execute(f"set temp_directory = '{spill}'")
        if threads:
            con.execute(f"set threads = {threads}")
        if memory_limit:
            con.execute(f"set memory_limit = '{memory_limit}'")
        for macro in MACROS.split(";")[:-1]:
            con.execute(macro)
        sample = Sample(con, out_dir, seed, stores, months, last_day, lines, text_errors)
        _calendar(sample)
        _products(sample)
        _stores(sample)
        _reps(sample)
        step = max(1, LINES_PER_CHUNK * months // max(lines, 1))
        for part, first in enumerate(range(0, months + 1, step)):
            last = min(first + step - 1, months)
            _orders(sample, f"part-{part:03d}", first, last)
            _field(sample, f"part-{part:03d}", first, last)
            _portal(sample, f"part-{part:03d}", first, last)
            _service(sample, f"part-{part:03d}", first, last)
        _attributes(sample)
        _days_and_stock(sample)
        if months >= STORY_MONTHS:
            _stories(sample)
    shutil.rmtree(spill, ignore_errors=True)
    company = {
        "company": "sample",
        "as_of_date": str(last_day),
        "history_starts_on": str(sample.history_start),
        "seed": seed,
        "stores": stores,
        "months": months,
        "lines": lines,
        "text_errors": text_errors,
        "has_stories": months >= STORY_MONTHS,
        "generator_version": GENERATOR_VERSION,
    }
    (out_dir / "company.json").write_text(json.dumps(company, indent=2) + "\n")
    return company


def main(
    out_dir: Annotated[Path, typer.Argument(help="Folder to write into.")] = Path(".sample"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same company.")] = 1,
    stores: Annotated[int, typer.Option(help="Number of stores, besides those of the stories.")] = 2000,
    months: Annotated[int, typer.Option(help="Whole months of history before the running one.")] = 36,
    last_day: Annotated[str, typer.Option(help="The sample's today, YYYY-MM-DD.")] = str(DEFAULT_LAST_DAY),
    lines: Annotated[
        int | None, typer.Option(help="About how many order lines; default 2.8 a store and month.")
    ] = None,
    text_errors: Annotated[
        bool, typer.Option(help="Plant unparsable text (these columns are delivered as text then).")
    ] = True,
    threads: Annotated[int | None, typer.Option(help="Threads; changes nothing in the result.")] = None,
    memory_limit: Annotated[str | None, typer.Option(help="Memory limit of DuckDB, e.g. 4GB.")] = None,
) -> None:
    """Make the sample company."""
    company = generate(out_dir, seed, stores, months, last_day, lines, text_errors, threads, memory_limit)
    typer.echo(f"Sample company of {company['stores']:,} stores up to {company['as_of_date']} in {out_dir}")


if __name__ == "__main__":
    typer.run(main)
