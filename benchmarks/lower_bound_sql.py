"""The SQL of the lower bound that does not depend on rules: staging, ledger, documents and their lines.

Money is an integer of ten-thousandths, a ratio an integer of millionths: what a decimal is inside, without
its casts. `$data`, `$as_of` and the like are filled in by lower_bound.py.
"""

from __future__ import annotations

# What one unit of a metric's column is, in millionths.
MONEY, COUNT, MICRO = 100, 1_000_000, 1

MACROS = r"""
create macro clean(x) as case
    when substr(x, 1, 1) < '!' or substr(x, -1) < '!' then nullif(trim(x, E' \t\r\n'), '') else x end;
create macro period_of(day) as cast(12 * year(day) + month(day) as smallint);
create macro period_start(period) as make_date((period::integer - 1) // 12, (period::integer - 1) % 12 + 1, 1);
create macro period_end(period) as period_start(period + 1) - 1;
create macro money_units(x) as cast(cast(x as decimal(18, 4)) * 10000 as bigint);
-- n / d in millionths, rounded half away from zero; for n of either sign and d above 0
create macro ratio(n, d) as sign(n) * ((2000000 * abs(n::bigint) + d::bigint) // (2 * d::bigint));
-- the same for n from 0 to d, in two divisions, so that money of all stores fits
create macro ratio_wide(n, d) as
    1000 * (1000 * n // d) + (2000 * (1000 * n % d) + d) // (2 * d);
create macro ratio_huge(n, d) as
    cast(sign(n) * ((2000000 * abs(n::hugeint) + d::hugeint) // (2 * d::hugeint)) as bigint);
-- n / d rounded half away from zero
create macro rounded(n, d) as cast(sign(n) * ((2 * abs(n::hugeint) + d) // (2 * d)) as bigint);
-- counts of several kinds are summed as one number of 18 bits each, seven at most
create macro field(packed, number) as cast((packed >> (18 * number)) & 262143 as integer);
create macro kilometres(lat, lon, to_lat, to_lon) as 2 * 6371.0088 * asin(least(1.0, sqrt(
    power(sin(radians(to_lat - lat) / 2), 2)
    + cos(radians(lat)) * cos(radians(to_lat)) * power(sin(radians(to_lon - lon) / 2), 2))));
create table rejected (table_name varchar, row_key varchar, reason varchar, loaded_at timestamp);
create table ledger (table_name varchar, rows_in bigint, rows_staged bigint, rows_not_yet_known bigint);
"""


def stage(
    table: str,
    columns: dict[str, str],
    key: list[str],
    event_time: str | None = None,
    reasons: tuple[tuple[str, str], ...] = (),
    source: str = "",
    key_hash: str = "",
    key_missing: str = "",
    key_text: str = "",
) -> str:
    """Every row of a table judged once, the reasons on record, and a view of the rows that count.
    `columns`: name -> expression of the input; their order breaks ties, as in the contract."""
    name = table.split("_", 1)[1]
    hashed = key_hash or f"hash({', '.join(key)})"
    missing = key_missing or " or ".join(f"{part} is null" for part in key)
    text = key_text or " || '|' || ".join(f"coalesce(cast({part} as varchar), '')" for part in key)
    nothing = "|" * text.count("'|'")
    ties = ", ".join(f"{column} desc nulls last" for column in columns if column not in key)
    judged = [(missing, "'missing_key'"), ("is_deleted", "null")]
    if event_time and event_time not in key:
        judged.append((f"{event_time} is null", "'missing_event_time'"))
    judged += [(when, f"'{reason}'") for when, reason in reasons]
    if event_time:
        judged.append((f"{event_time} > loaded_at + interval 1 day", "'event_after_load'"))
    known = f"count(*) filter (cast({event_time} as date) > date '$as_of')" if event_time else "0"
    return f"""
create temp table {name}_in as
with input_rows as (
    select {", ".join(f"{expression} as {column}" for column, expression in columns.items())},
        input.loaded_at, coalesce(input.is_deleted, false) as is_deleted
    from read_parquet('$data/{table}/*.parquet') as input {source}
)
select *, case {" ".join(f"when {when} then {reason}" for when, reason in judged)} end as reason from input_rows;
create temp table {name}_lost as
with repeated as (select {hashed} as h from {name}_in where reason is null group by 1 having count(*) > 1),
ranked as (
    select rowid as row, is_deleted, row_number() over (
        partition by {", ".join(key)} order by loaded_at desc nulls last, {ties + "," if ties else ""} is_deleted desc
    ) as version
    from {name}_in semi join repeated on {hashed} = repeated.h
    where reason is null
)
select row, if(version > 1, 'superseded', 'deleted') as why from ranked where version > 1 or is_deleted
union all
select rowid, 'deleted' from {name}_in anti join repeated on {hashed} = repeated.h
where reason is null and is_deleted;
create temp view {name} as
select {name}_in.rowid as row, {name}_in.* from {name}_in anti join {name}_lost on {name}_in.rowid = {name}_lost.row
where reason is null and not is_deleted;
insert into rejected
select '{table}', nullif({text}, '{nothing}'), reason, loaded_at from {name}_in where reason is not null
union all
select '{table}', {text}, why, loaded_at from {name}_lost inner join {name}_in on {name}_lost.row = {name}_in.rowid;
insert into ledger
select '{table}', (select count(*) from {name}_in), count(*), {known} from {name};
"""


def texts(*columns: str) -> dict[str, str]:
    return {column: f"clean(input.{column})" for column in columns}


def plain(*columns: str) -> dict[str, str]:
    return {column: f"input.{column}" for column in columns}


MASTERS = (
    stage(
        "erp_stores",
        texts("store_id", "store_name", "channel", "store_group_path", "legal_type", "industry", "region", "city")
        | plain("latitude", "longitude", "opened_on", "closed_on", "customer_since", "is_served")
        | texts("contact_email", "contact_phone"),
        ["store_id"],
    )
    + stage(
        "erp_products",
        texts("product_id", "product_name", "product_group", "brand", "category") | plain("unit_cost", "list_price"),
        ["product_id"],
    )
    + stage(
        "sfa_reps",
        texts("rep_id", "rep_name", "region", "manager_id") | plain("hired_on", "left_on") | texts("email"),
        ["rep_id"],
    )
    + stage(
        "sfa_store_assignments",
        texts("store_id", "rep_id") | plain("valid_from", "valid_to"),
        ["store_id", "rep_id", "valid_from"],
    )
    + stage(
        "crm_manual_segments",
        texts("entity_type", "entity_id", "scheme", "segment") | plain("valid_from", "valid_to"),
        ["entity_type", "entity_id", "scheme", "valid_from"],
        reasons=(
            ("entity_type not in ('store', 'rep', 'product_group')", "unknown_entity_type"),
            (
                "concat_ws('|', entity_type, scheme, segment) not in ($known_segments)"
                " and concat_ws('|', entity_type, scheme) not in ($classifications)",
                "unknown_segment",
            ),
        ),
    )
    + stage(
        "sfa_store_attributes",
        texts("store_id", "attribute", "value") | plain("recorded_at"),
        ["store_id", "attribute", "recorded_at"],
        event_time="recorded_at",
    )
    + stage(
        "erp_orders",
        texts("order_id", "store_id") | plain("ordered_at") | texts("status", "order_channel", "rep_id", "supplier_id"),
        ["order_id"],
        event_time="ordered_at",
        reasons=(
            ("status is null", "missing_status"),
            ("status not in ('placed', 'invoiced', 'cancelled', 'returned')", "unknown_status"),
        ),
    )
    + stage(
        "sfa_visits",
        texts("visit_id", "store_id", "rep_id") | plain("started_at", "ended_at", "is_planned") | texts("status")
        | plain("mandatory_steps", "completed_steps"),
        ["visit_id"],
        event_time="started_at",
        reasons=(
            ("status is null", "missing_status"),
            ("status not in ('done', 'missed', 'cancelled')", "unknown_status"),
        ),
    )
    + stage(
        "crm_interactions",
        texts("interaction_id", "store_id") | plain("occurred_at") | texts("channel") | plain("minutes"),
        ["interaction_id"],
        event_time="occurred_at",
    )
    + stage(
        "market_category_sales",
        texts("store_id", "category") | plain("period_start_date", "own_sales", "category_sales"),
        ["store_id", "category", "period_start_date"],
        event_time="period_start_date",
        reasons=(("own_sales is null or category_sales is null", "missing_amount"),),
    )
    + stage(
        "erp_complaints",
        texts("complaint_id", "store_id", "product_id", "channel") | plain("opened_at", "closed_at"),
        ["complaint_id"],
        event_time="opened_at",
    )
    + stage(
        "erp_stock_levels",
        texts("product_id", "warehouse_id") | plain("stock_date", "quantity"),
        ["product_id", "warehouse_id", "stock_date"],
        event_time="stock_date",
        reasons=(("quantity is null", "missing_amount"),),
    )
    + stage(
        "sfa_working_days",
        texts("rep_id") | plain("work_date", "minutes_worked", "is_day_off"),
        ["rep_id", "work_date"],
        event_time="work_date",
    )
    + stage(
        "crm_survey_answers",
        texts("answer_id", "store_id", "question") | plain("value", "answered_at"),
        ["answer_id"],
        event_time="answered_at",
        reasons=(("value is null", "missing_amount"),),
    )
    + stage(
        "portal_events",
        texts("event_id", "store_id") | plain("occurred_at") | texts("event_type"),
        ["event_id"],
        event_time="occurred_at",
    )
    + stage(
        "portal_points_adjustments",
        texts("adjustment_id", "store_id") | plain("points", "granted_at") | texts("granted_by")
        | {"because": "clean(input.reason)"},
        ["adjustment_id"],
        event_time="granted_at",
        reasons=(("points is null", "missing_amount"),),
    )
    + stage(
        "market_epos_sales",
        texts("store_id", "product_id") | plain("sold_on", "quantity", "amount"),
        ["store_id", "product_id", "sold_on"],
        event_time="sold_on",
        reasons=(("amount is null", "missing_amount"),),
    )
    + stage(
        "market_points_of_interest",
        texts("poi_id", "poi_type") | plain("latitude", "longitude"),
        ["poi_id"],
    )
    + stage(
        "market_external_metrics",
        texts("entity_type", "entity_id", "metric") | plain("measured_on", "value"),
        ["entity_type", "entity_id", "metric", "measured_on"],
        event_time="measured_on",
        reasons=(
            ("value is null", "missing_amount"),
            ("entity_type not in ('store', 'rep', 'product_group')", "unknown_entity_type"),
        ),
    )
    + """
create temp view override_lines as select * from manual_segments;
-- only who has a life counts: a master, an assignment or a document
-- numbered in the order of their ids, so that ties are broken by numbers
create table store_names as
with mentioned as (
    select distinct store_id from orders where ordered_at::date <= date '$as_of'
    union select store_id from stores
    union select store_id from store_assignments
)
select row_number() over (order by store_id)::integer as no, store_id as id, stores.channel, stores.opened_on,
    stores.closed_on, stores.customer_since, stores.region, stores.city, stores.store_name, stores.is_served,
    stores.latitude, stores.longitude,
    nullif(split_part(trim(regexp_replace(stores.store_group_path, '/+', '/', 'g'), '/'), '/', 1), '') as chain
from mentioned left join stores using (store_id)
where store_id is not null and store_id <> 'unknown';
create table rep_names as
with mentioned as (
    select distinct rep_id from orders where ordered_at::date <= date '$as_of'
    union select rep_id from reps
    union select rep_id from store_assignments
)
select row_number() over (order by rep_id)::integer as no, rep_id as id, reps.hired_on, reps.left_on,
    reps.region, reps.manager_id
from mentioned left join reps using (rep_id)
where rep_id is not null;
-- an order's number is its row; the short columns are all that lines and documents need
create temp table order_heads as
select orders.row::integer as order_no, orders.order_id, store_names.no as store_no, ordered_at::date as ordered_on,
    period_of(ordered_at) as period, status = 'returned' as is_returned, status <> 'cancelled' as is_document,
    status in ('placed', 'invoiced') as counts, rep_id,
    case order_channel when 'rep' then 1::hugeint when 'phone' then 1::hugeint << 18 when 'email' then 1::hugeint << 36
        when 'portal' then 1::hugeint << 54 when 'edi' then 1::hugeint << 72 else 0 end
    + if(supplier_id is not null, 1::hugeint << 90, 0) + (1::hugeint << 108) as packed
from orders left join store_names on orders.store_id = store_names.id;
"""
)

LINES = (
    stage(
        "erp_order_lines",
        {
            "order_no": "heads.order_no",
            "lost_order_id": "if(heads.order_no is null, clean(input.order_id), null)",
            "line_number": "input.line_number",
            "product_no": "known.row::integer",
            "product_id": "if(known.row is null, clean(input.product_id), null)",
            "quantity": "input.quantity",
            "net_amount": "input.net_amount",
            "discount_amount": "input.discount_amount",
        },
        ["order_no", "lost_order_id", "line_number"],
        reasons=(("net_amount is null", "missing_amount"), ("order_no is null", "unknown_order")),
        source="left join order_heads as heads on clean(input.order_id) = heads.order_id"
        " left join products as known on clean(input.product_id) = known.product_id",
        key_hash="coalesce((order_no::bigint << 32) + line_number, (hash(lost_order_id, line_number) >> 1)::bigint)",
        key_missing="(order_no is null and lost_order_id is null) or line_number is null",
        key_text="coalesce((select order_id from order_heads as h where h.order_no = order_lines_in.order_no),"
        " lost_order_id, '') || '|' || coalesce(cast(line_number as varchar), '')",
    )
    + """
create temp table order_values as
select order_no, sum(money_units(net_amount))::bigint as net, sum(least(money_units(net_amount), 0))::bigint as negative
from order_lines group by order_no;
create temp table documents as
select order_no, store_no, ordered_on, period, is_returned, rep_id, packed,
    coalesce(if(is_returned, negative, net), 0) as net, coalesce(net, 0) > 0 and counts as is_order
from order_heads left join order_values using (order_no)
where is_document and ordered_on <= date '$as_of';
create temp table history as
select min(period)::smallint as first, period_of(date '$as_of') as running from documents;
create table periods as
select period::smallint as period from (select unnest(range(first, running + 1)) as period from history)
where period_end(period) + $closing_lag < date '$as_of';
create temp table store_sales as
select store_no as no, period, sum(net)::bigint as net, sum(if(is_order, packed, 0)) as packed, min(ordered_on) as first_on
from documents where store_no is not null group by all;

-- products without a master have a node of their own, and none of the other levels
create temp table product_list as
select products.row::integer as product_no, product_id, product_group, brand, category,
    cast(unit_cost * 1000000 as bigint) as unit_cost from products
union all
select (1000000000 + row_number() over ())::integer, product_id, null, null, null, null from (
    select product_id from order_lines where product_id is not null
    union select product_id from stock_levels anti join products using (product_id) where stock_date <= date '$as_of'
);
create temp table categories as
select (row_number() over (order by category) - 1)::tinyint as category_no, category
from (select distinct coalesce(category, 'unknown') as category from product_list union select 'unknown');
create temp view document_lines as
select coalesce(lines.product_no, inferred.product_no, -1) as product_no, documents.store_no, documents.period,
    documents.ordered_on, money_units(lines.net_amount) as net, money_units(lines.quantity) as quantity,
    documents.is_order and coalesce(lines.quantity, lines.net_amount) > 0 as is_purchase
from order_lines as lines inner join documents using (order_no)
left join (select product_no, product_id from product_list where product_no >= 1000000000) as inferred
    on lines.product_id = inferred.product_id
where not documents.is_returned or lines.net_amount < 0;
-- of ten decimals: amounts and quantities have four, costs six
create temp table store_category_sales as
select lines.store_no as no, lines.period, coalesce(list.category_no, (select category_no from categories where category = 'unknown'))
    as category_no, sum(net)::bigint as net, count(*)::integer as lines,
    count(unit_cost)::integer as costed_lines,
    coalesce(sum(if(unit_cost is null, 0, net * 1000000 - coalesce(quantity * unit_cost, 0))), 0)::hugeint as margin
from document_lines as lines left join (
    select product_no, unit_cost, category_no from product_list left join categories
        on coalesce(product_list.category, 'unknown') = categories.category) as list using (product_no)
where store_no is not null group by all;
"""
)
