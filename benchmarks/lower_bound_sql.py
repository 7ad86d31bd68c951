"""The SQL of the lower bound that does not depend on rules: staging, ledger, documents, metrics.

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
-- counts of several kinds are summed as one number of 18 bits each
create macro field(packed, number) as cast((packed >> (18 * number)) & 262143 as integer);
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
        texts("visit_id", "store_id", "rep_id") | plain("started_at") | texts("status"),
        ["visit_id"],
        event_time="started_at",
        reasons=(
            ("status is null", "missing_status"),
            ("status not in ('done', 'missed', 'cancelled')", "unknown_status"),
        ),
    )
    + stage(
        "crm_interactions",
        texts("interaction_id", "store_id") | plain("occurred_at") | texts("channel"),
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
    + """
create temp view override_lines as select * from manual_segments;
-- numbered in the order of their ids, so that ties are broken by numbers
create table store_names as
with mentioned as (
    select distinct store_id from orders where ordered_at::date <= date '$as_of'
    union select store_id from visits where started_at::date <= date '$as_of'
    union select store_id from interactions where occurred_at::date <= date '$as_of'
    union select store_id from category_sales where period_start_date <= date '$as_of'
    union select store_id from store_attributes where recorded_at::date <= date '$as_of'
    union select store_id from stores
    union select store_id from store_assignments
)
select row_number() over (order by store_id)::integer as no, store_id as id, stores.channel, stores.opened_on,
    stores.closed_on, stores.customer_since,
    nullif(split_part(trim(regexp_replace(stores.store_group_path, '/+', '/', 'g'), '/'), '/', 1), '') as chain
from mentioned left join stores using (store_id)
where store_id is not null and store_id <> 'unknown';
create table rep_names as
with mentioned as (
    select distinct rep_id from orders where ordered_at::date <= date '$as_of'
    union select rep_id from visits where started_at::date <= date '$as_of'
    union select rep_id from reps
    union select rep_id from store_assignments
)
select row_number() over (order by rep_id)::integer as no, rep_id as id, reps.hired_on, reps.left_on
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
"""
)

STORES = """
create table store_lives as
with versions as (
    select store_id, if(count(*) = count(loaded_at), min(loaded_at), null) as since
    from stores_in semi join stores using (store_id) where reason is null and not stores_in.is_deleted group by all
),
assigned as (
    select store_id, if(count(*) = count(loaded_at), min(loaded_at), null) as since
    from store_assignments_in semi join store_assignments using (store_id, rep_id, valid_from)
    where reason is null and not store_assignments_in.is_deleted group by all
),
sold as (select no, min(first_on) as first_on, max(period) as last_period from store_sales group by all),
begun as (
    select names.no, coalesce(
            least(names.opened_on, names.customer_since, sold.first_on),
            if(versions.store_id is not null, versions.since, assigned.since)::date,
            if(coalesce(versions.store_id, assigned.store_id) is not null, period_start(history.first), null)
        ) as begins_on,
        if(names.closed_on <= date '$as_of', names.closed_on, null) as ends_on, sold.last_period
    from store_names as names cross join history
    left join sold using (no)
    left join versions on names.id = versions.store_id
    left join assigned on names.id = assigned.store_id
)
select no, greatest(begins_on, period_start(first)) as starts_on, greatest(period_of(begins_on), first) as first_period,
    if(ends_on is null, (select max(period) from periods),
        least((select max(period) from periods), greatest(period_of(ends_on), last_period))) as last_period,
    ends_on is null as is_active
from begun cross join history where begins_on is not null;

-- a chain is the first part of a store's path; a store without a path stands alone
create temp table store_nodes as
select no, dense_rank() over (order by coalesce(chain, id), chain is null)::integer as node from store_names;

create temp table store_contacts as
with contacts as (
    select store_id, started_at::date as day, 1::hugeint as packed from visits where status = 'done'
    union all
    select store_id, occurred_at::date, (1::hugeint << 18) + case channel when 'phone' then 1::hugeint << 36
        when 'email' then 1::hugeint << 54 when 'chat' then 1::hugeint << 72 when 'visit' then 1::hugeint << 90 else 0 end
    from interactions
)
select names.no, period_of(day) as period, sum(packed) as packed
from contacts inner join store_names as names on contacts.store_id = names.id
where day <= date '$as_of' group by all;

-- when a store began to order, and what came before its life
create temp table store_firsts as
with ordered as (
    select no, min(sales.period) as first_order,
        max(if(sales.period < lives.first_period, sales.period, null)) as before_life
    from store_lives as lives inner join store_sales as sales using (no) where field(sales.packed, 6) > 0 group by all
),
visited as (
    select no, max(contacts.period) as before_life
    from store_lives as lives inner join store_contacts as contacts using (no)
    where contacts.period < lives.first_period and field(contacts.packed, 0) > 0 group by all
)
select lives.no, lives.first_period, lives.last_period, least(period_of(names.customer_since), ordered.first_order) as since,
    names.customer_since is not null or ordered.first_order >= history.first + 3 as is_first_known,
    greatest(period_of(names.customer_since), history.first) as customer_period,
    ordered.before_life as order_before, visited.before_life as visit_before
from store_lives as lives cross join history inner join store_names as names using (no)
left join ordered using (no) left join visited using (no);

create temp table store_windows as
with spine as (
    select no, since, is_first_known, customer_period, order_before, visit_before, first_period,
        unnest(range(first_period, last_period + 1))::smallint as period
    from store_firsts
),
facts as (
    select spine.*, coalesce(sales.net, 0) as net, coalesce(sales.packed, 0) as orders_packed,
        coalesce(contacts.packed, 0) as contacts_packed,
        if(field(sales.packed, 6) > 0, spine.period, null) as order_period,
        if(field(contacts.packed, 0) > 0, spine.period, null) as visit_period
    from spine left join store_sales as sales using (no, period) left join store_contacts as contacts using (no, period)
)
select no, period, since, is_first_known, customer_period, first_period, net, field(orders_packed, 6) as orders,
    contacts_packed, sum(net) over quarter::bigint as net_quarter, sum(net) over year::bigint as net_year,
    if(period - 14 >= (select first from history), coalesce(sum(net) over year_ago, 0)::bigint, null) as net_year_ago,
    sum(orders_packed) over year as orders_year_packed,
    sum(field(orders_packed, 6)) over quarter::integer as orders_quarter,
    sum(contacts_packed) over quarter as contacts_quarter_packed, sum(contacts_packed) over year as contacts_year_packed,
    sum(if(order_period > since, 1, 0)) over year::integer as repeats,
    coalesce(max(order_period) over life, order_before) as last_order,
    coalesce(max(visit_period) over life, visit_before) as last_visit
from facts
window quarter as (partition by no order by period rows 2 preceding),
    year as (partition by no order by period rows 11 preceding),
    year_ago as (partition by no order by period rows between 14 preceding and 12 preceding),
    life as (partition by no order by period rows unbounded preceding);

create temp table store_category_share as
with measured as (
    select names.no, period_of(period_start_date) as measured_in, sum(money_units(own_sales))::bigint as own,
        sum(money_units(category_sales))::bigint as category
    from category_sales as sales inner join store_names as names on sales.store_id = names.id
    where period_start_date <= date '$as_of' group by all
),
spread as (
    select no, own, category, unnest([measured_in, measured_in + 1, measured_in + 2])::smallint as period, last_period
    from measured inner join store_lives as lives using (no)
    where measured_in between first_period and last_period
)
select no, period, sum(own)::bigint as own, sum(category)::bigint as category
from spread where period <= last_period group by all;

-- display: the bands known of each position, from the period in which one changes to that before the next
create temp table store_display_spans as
with known as (
    select names.no, attributes.attribute, greatest(period_of(recorded_at), lives.first_period) as period,
        arg_max(coalesce(attributes.value, ''), recorded_at) as value
    from store_attributes as attributes
    inner join store_names as names on attributes.store_id = names.id and $display_applies
    inner join store_lives as lives using (no)
    where attribute in ($display_attributes) and recorded_at::date <= date '$as_of' group by all
),
banded as (select no, period, $display_bands from known group by all),
carried as (
    select no, period, $display_carried, lead(period) over w as next_period
    from banded window w as (partition by no order by period)
)
select no, period as first, coalesce(next_period, 32767) as next, if($display_unknown, 'UNKNOWN', $display_text) as display
from carried;
create table store_display_codes as
select $display_scheme as scheme_no, (row_number() over (order by segment <> 'UNKNOWN', segment) - 1)::smallint as code, segment
from (select distinct display as segment from store_display_spans union select 'UNKNOWN'
    union select segment from override_lines where entity_type = 'store' and scheme = 'display');
create table store_display as
select lives.no, unnest(range(lives.first_period, lives.last_period + 1))::smallint as period, 0::smallint as display
from store_lives as lives inner join store_names as names using (no)
where $display_applies and not exists (select 1 from store_display_spans as spans where spans.no = lives.no)
union all
select no, unnest(range(lives.first_period, least(first_span, lives.last_period + 1)))::smallint, 0
from (select no, min(first) as first_span from store_display_spans group by all) inner join store_lives as lives using (no)
union all
select spans.no, unnest(range(greatest(spans.first, lives.first_period), least(spans.next, lives.last_period + 1)))::smallint,
    codes.code
from store_display_spans as spans inner join store_lives as lives using (no)
inner join store_display_codes as codes on spans.display = codes.segment;
"""

AUDITS = """
-- a visit's set: its display profile, else its channel, else DEFAULT
create temp table audited as
select visits.row::integer as visit_no, visits.visit_id, names.no, period_of(started_at) as period, sets.set_no
from visits inner join store_names as names on visits.store_id = names.id
inner join store_lives as lives using (no)
left join (
    select store_display.no, store_display.period, codes.segment from store_display left join store_overrides as overrides
        on store_display.no = overrides.no and store_display.period = overrides.period
            and overrides.scheme_no = $display_scheme
    inner join store_display_codes as codes on coalesce(overrides.override, display) = codes.code
    where codes.segment in (select standard_set from standards)
) as profiles on names.no = profiles.no and period_of(started_at) = profiles.period
inner join standard_sets as sets on sets.standard_set = coalesce(
    profiles.segment, if(names.channel in (select standard_set from standards), names.channel, 'DEFAULT'))
where status = 'done' and started_at::date <= date '$as_of'
    and period_of(started_at) between lives.first_period and lives.last_period;
"""

ANSWERS = (
    stage(
        "sfa_audit_answers",
        {
            "visit_no": "parents.row::integer",
            "lost_visit_id": "if(parents.row is null, clean(input.visit_id), null)",
            "kpi": "clean(input.kpi)",
            "value": "input.value",
        },
        ["visit_no", "lost_visit_id", "kpi"],
        reasons=(("value is null", "missing_amount"), ("visit_no is null", "unknown_visit")),
        source="left join visits as parents on clean(input.visit_id) = parents.visit_id",
        key_missing="(visit_no is null and lost_visit_id is null) or kpi is null",
        key_text="coalesce((select visit_id from visits as v where v.row = audit_answers_in.visit_no),"
        " lost_visit_id, '') || '|' || coalesce(kpi, '')",
    )
    + """
create temp table store_audits as
with answered as (
    select audited.visit_no, audited.no, audited.period, audited.set_no, standards.kind_no, standards.kind_no = 2 as is_price,
        standards.weight, standards.is_must_have,
        cast(answers.value * 1000000 as bigint) as v, standards.target as t, standards.tolerance
    from audit_answers as answers
    inner join audited using (visit_no)
    inner join standards on audited.set_no = standards.set_no and answers.kpi = standards.kpi
),
scored as (
    select *, case
        when v < 0 then 0
        when kind_no = 0 then if(t <= 0 or v >= t, 1000000, ratio(v, t))
        when kind_no = 1 then case when v <= t then 1000000 when t > 0 and v < 2 * t then ratio(2 * t - v, t) else 0 end
        when kind_no = 2 then if(abs(v - t) <= tolerance, 1000000, 0)
        else if(v >= 1000000, 1000000, 0) end as score
    from answered
),
visited as (
    select no, period, visit_no, set_no, count(*) as answered, count(*) filter (is_price) as prices,
        sum(score) filter (is_price) as price_score, sum(weight * score)::bigint as weighted,
        count(*) filter (is_must_have and score = 1000000) as must_haves
    from scored group by all
)
select no, period, count(*) as visits, sum(answered) as answered, sum(sets.kpis) as expected, sum(prices)::bigint as prices,
    sum(price_score)::bigint as price_score,
    sum(if(v.must_haves < sets.must_haves, least(v.score, $must_have_cap * 1000000), v.score))::bigint as score
from (select *, (200 * weighted + weight_of_set) // (2 * weight_of_set) as score
    from visited inner join (select set_no, weight as weight_of_set from standard_sets) using (set_no)) as v
inner join standard_sets as sets using (set_no)
group by all;
"""
)

# name -> (expression over the windows of one period, unit)
METRICS: dict[str, tuple[str, int]] = {}
for _window, _net, _orders in (
    ("period", "net", "orders"),
    ("quarter", "net_quarter", "orders_quarter"),
    ("year", "net_year", "field(orders_year_packed, 6)"),
):
    METRICS[f"order_value_{_window}"] = (_net, MONEY)
    METRICS[f"orders_{_window}"] = (_orders, COUNT)
    METRICS[f"order_value_avg_{_window}"] = (
        f"if({_orders} > 0, sign({_net}) * ((200 * abs({_net}) + {_orders}) // (2 * {_orders})), 0)", MICRO,
    )  # fmt: skip
METRICS |= {
    "order_value_trend": ("if(net_year_ago > 0, ratio(net_quarter - net_year_ago, net_year_ago), null)", MICRO),
    "has_ordered": ("if(period >= since, 1, 0)", COUNT),
    "periods_since_first_order": ("if(period >= since and is_first_known, period - since, null)", COUNT),
    "periods_since_last_order": (
        "if(period >= since, period - coalesce(last_order, customer_period), null)", COUNT,
    ),
    "repeat_order_rate_year": (
        "if(period > since, ratio(repeats, least(12, period - since, period - first_period + 1)), null)", MICRO,
    ),
}  # fmt: skip
for _number, _channel in enumerate(("rep", "phone", "email", "portal", "edi", "distributor")):
    METRICS[f"share_orders_{_channel}_year"] = (
        f"if(field(orders_year_packed, 6) > 0, "
        f"ratio(field(orders_year_packed, {_number})::bigint, field(orders_year_packed, 6)), null)", MICRO,
    )  # fmt: skip
METRICS |= {
    "revenue_share_above_year": ("coalesce(ratio_wide(ranks.above, totals.value), 1000000)", MICRO),
    "revenue_rank_share_year": ("coalesce(ratio(ranks.place - 1, totals.members), 1000000)", MICRO),
    "group_revenue_share_above_year": ("coalesce(ratio_wide(chains.above, chain_totals.chain_value), 1000000)", MICRO),
    "contacts_year": ("field(contacts_year_packed, 0) + field(contacts_year_packed, 1)", COUNT),
    "periods_since_last_visit": ("period - last_visit", COUNT),
}
for _window, _packed in (
    ("period", "contacts_packed"),
    ("quarter", "contacts_quarter_packed"),
    ("year", "contacts_year_packed"),
):
    METRICS[f"visits_{_window}"] = (f"field({_packed}, 0)", COUNT)
    METRICS[f"interactions_{_window}"] = (f"field({_packed}, 1)", COUNT)
for _number, _channel in enumerate(("phone", "email", "chat", "visit")):
    METRICS[f"interactions_{_channel}_quarter"] = (f"field(contacts_quarter_packed, {_number + 2})", COUNT)
METRICS |= {
    "category_share_quarter": ("if(share.category > 0, ratio(share.own, share.category), null)", MICRO),
    "perfect_store_score": ("(2 * audits.score + audits.visits) // (2 * audits.visits)", MICRO),
    "price_correctness": (
        "if(audits.prices > 0, (2 * audits.price_score + audits.prices) // (2 * audits.prices), null)", MICRO,
    ),
    "audit_coverage": ("ratio(audits.answered::bigint, audits.expected::bigint)", MICRO),
}  # fmt: skip

STORE_METRICS = f"""
create table store_metrics as
with ranks as (
    select no, period, row_number() over (partition by period order by net_year desc, no) as place,
        coalesce(sum(net_year) over (
            partition by period order by net_year desc, no rows between unbounded preceding and 1 preceding), 0)::bigint as above
    from store_windows where net_year > 0
),
totals as (
    select period, (sum(net_year) filter (net_year > 0))::bigint as value, count(*) filter (net_year > 0) as members
    from store_windows group by period
),
chain_values as (
    select period, node, sum(net_year)::bigint as value from store_windows inner join store_nodes using (no)
    group by all having sum(net_year) > 0
),
chain_totals as (select period, sum(value)::bigint as chain_value from chain_values group by period),
chain_ranks as (
    select period, node, coalesce(sum(value) over (
        partition by period order by value desc, node rows between unbounded preceding and 1 preceding), 0)::bigint as above
    from chain_values
)
select no, period, {", ".join(f"{expression}::{'integer' if unit == COUNT else 'bigint'} as {name}" for name, (expression, unit) in METRICS.items())}
from store_windows inner join store_nodes using (no)
inner join totals using (period) left join chain_totals using (period)
left join ranks using (no, period) left join chain_ranks as chains using (node, period)
left join store_audits as audits using (no, period)
left join store_category_share as share using (no, period)
order by period
"""

PRODUCT_GROUPS = """
-- products without a master have a node of their own, and none of the other levels
create temp table product_list as
select products.row::integer as product_no, product_id, product_group, brand, category, unit_cost from products
union all
select (1000000000 + row_number() over ())::integer, product_id, null, null, null, null
from (select distinct product_id from order_lines where product_id is not null);
create temp table product_nodes as
select product_no, unnest(['category', 'brand', 'group', 'product']) as level,
    unnest(['category:' || coalesce(category, 'unknown'), 'brand:' || coalesce(brand, 'unknown'),
        'group:' || coalesce(product_group, 'unknown'), 'product:' || product_id]) as id
from product_list
union all
select -1, level, level || ':unknown' from (select unnest(['category', 'brand', 'group', 'product']) as level);
create temp view document_lines as
select coalesce(lines.product_no, inferred.product_no, -1) as product_no, documents.store_no, documents.period,
    documents.ordered_on, money_units(lines.net_amount) as net, money_units(lines.quantity) as quantity,
    documents.is_order and coalesce(lines.quantity, lines.net_amount) > 0 as is_purchase
from order_lines as lines inner join documents using (order_no)
left join (select product_no, product_id from product_list where product_no >= 1000000000) as inferred
    on lines.product_id = inferred.product_id
where not documents.is_returned or lines.net_amount < 0;
create temp table product_sales as
with sold as (
    select product_no, period, sum(net)::bigint as net, sum(quantity)::hugeint as quantity, min(ordered_on) as first_on
    from document_lines group by all
)
select nodes.id, nodes.level, sold.period, sum(sold.net)::bigint as net,
    sum(if(list.unit_cost is null, 0, sold.net))::bigint as costed,
    -- of ten decimals: quantities have four, costs six
    sum(coalesce(sold.quantity * cast(list.unit_cost * 1000000 as bigint), 0))::hugeint as cost, min(first_on) as first_on
from sold inner join product_nodes as nodes using (product_no) left join product_list as list using (product_no)
group by all;
create table product_group_names as
select row_number() over (order by id)::integer as no, id, id as product_group_id, level, min(first_on) as first_on
from product_sales group by id, level;
create table product_group_lives as
select no, greatest(first_on, period_start(first)) as starts_on, greatest(period_of(first_on), first) as first_period,
    (select max(period) from periods) as last_period, true as is_active
from product_group_names cross join history;

-- which periods a store bought a node in, as bits; a purchase counts in its own and the two periods after it
create temp table node_purchases as
with bought as (
    select product_no, store_no, bit_or(1::hugeint << (period - first)) as bits
    from document_lines cross join history
    where is_purchase and store_no is not null and period >= first and period - first < 120 group by all
),
by_node as (
    select names.no, store_no, bit_or(bits) as bits
    from bought inner join product_nodes as nodes using (product_no) inner join product_group_names as names using (id)
    group by all
)
select no, store_no, bits | (bits << 1) | (bits << 2) as bits from by_node;
create temp table node_distribution as
with ordering_stores as (
    select no as store_no, period, greatest(net_year, 0) as weight from store_windows where orders_quarter > 0
),
totals as (select period, count(*) as stores, sum(weight) as weight from ordering_stores group by all),
reached as (
    select purchases.no, ordering.period, count(*) as stores, sum(ordering.weight) as weight
    from node_purchases as purchases cross join history inner join ordering_stores as ordering using (store_no)
    where (bits >> (ordering.period - history.first)) & 1 = 1 group by all
)
select no, totals.period, totals.stores as all_stores, totals.weight as all_weight, reached.stores, reached.weight
from product_group_names cross join totals left join reached using (no, period);

create table product_group_metrics as
with spine as (
    select no, unnest(range(first_period, last_period + 1))::smallint as period from product_group_lives
),
facts as (
    select no, names.level, spine.period, coalesce(net, 0) as net, coalesce(costed, 0) as costed, coalesce(cost, 0) as cost
    from spine inner join product_group_names as names using (no)
    left join product_sales as sales on names.id = sales.id and spine.period = sales.period
),
windows as (
    select no, level, period, net, sum(net) over quarter::bigint as net_quarter, sum(net) over year::bigint as net_year,
        sum(costed) over year::hugeint as costed, sum(cost) over year::hugeint as cost,
        if(period - 23 >= (select first from history), coalesce(sum(net) over year_before, 0)::bigint, null) as net_before
    from facts
    window quarter as (partition by no order by period rows 2 preceding),
        year as (partition by no order by period rows 11 preceding),
        year_before as (partition by no order by period rows between 23 preceding and 12 preceding)
),
ranked as (
    select *, sum(greatest(net_year, 0)) over (partition by period, level) as total,
        coalesce(sum(greatest(net_year, 0)) over (
            partition by period, level order by net_year desc, no rows between unbounded preceding and 1 preceding), 0) as above
    from windows
)
select no, period, net as sales_period, net_quarter as sales_quarter, net_year as sales_year,
    if(net_before > 0, ratio_huge(net_year - net_before, net_before), null) as sales_growth_year,
    if(net_year > 0, ratio_huge(above, total), 1000000) as revenue_share_above_year,
    if(costed > 0, ratio_huge(costed * 1000000 - cost, costed * 1000000), null) as margin_rate_year,
    if(all_stores > 0, ratio(coalesce(reached.stores, 0), all_stores), null) as numeric_distribution,
    if(all_weight > 0, ratio_huge(coalesce(reached.weight, 0), all_weight), null) as weighted_distribution
from ranked left join node_distribution as reached using (no, period);
"""
PRODUCT_GROUP_UNITS = {
    "sales_period": MONEY, "sales_quarter": MONEY, "sales_year": MONEY, "sales_growth_year": MICRO,
    "revenue_share_above_year": MICRO, "margin_rate_year": MICRO, "numeric_distribution": MICRO,
    "weighted_distribution": MICRO,
}  # fmt: skip

REPS = """
create table rep_lives as
with versions as (
    select rep_id, if(count(*) = count(loaded_at), min(loaded_at), null) as since
    from reps_in semi join reps using (rep_id) where reason is null and not reps_in.is_deleted group by all
),
assigned as (
    select rep_id, if(count(*) = count(loaded_at), min(loaded_at), null) as since
    from store_assignments_in semi join store_assignments using (store_id, rep_id, valid_from)
    where reason is null and not store_assignments_in.is_deleted group by all
),
begun_assignments as (select rep_id, min(valid_from) as first_on from store_assignments group by all),
sold as (
    select rep_id, min(ordered_on) as first_on, max(period) as last_period from documents where rep_id is not null group by all
),
begun as (
    select names.no, coalesce(
            least(names.hired_on, begun_assignments.first_on, sold.first_on),
            if(versions.rep_id is not null, versions.since, assigned.since)::date,
            if(coalesce(versions.rep_id, assigned.rep_id) is not null, period_start(history.first), null)
        ) as begins_on,
        if(names.left_on <= date '$as_of', names.left_on, null) as ends_on, sold.last_period
    from rep_names as names cross join history
    left join sold on names.id = sold.rep_id
    left join begun_assignments on names.id = begun_assignments.rep_id
    left join versions on names.id = versions.rep_id
    left join assigned on names.id = assigned.rep_id
)
select no, greatest(begins_on, period_start(first)) as starts_on, greatest(period_of(begins_on), first) as first_period,
    if(ends_on is null, (select max(period) from periods),
        least((select max(period) from periods), greatest(period_of(ends_on), last_period))) as last_period,
    ends_on is null as is_active
from begun cross join history where begins_on is not null;
create table rep_metrics as
with flags as (
    select key >> 3 as store_no, period, bool_or(segment = $top_code and (key & 7) = $top_scheme) as is_top
    from store_history where (key & 7) in ($client_scheme, $top_scheme) group by all
    having bool_or((key & 7) = $client_scheme and segment in ($client_codes))
),
assigned as (
    select distinct reps.no, flags.store_no, flags.period, flags.is_top
    from store_assignments as lines
    inner join store_names as stores on lines.store_id = stores.id
    inner join rep_names as reps on lines.rep_id = reps.id
    inner join flags on stores.no = flags.store_no and flags.period >= period_of(lines.valid_from)
        and (lines.valid_to is null or flags.period < period_of(lines.valid_to))
),
portfolios as (select no, period, count(*) as clients, count(*) filter (is_top) as top from assigned group by all)
select spine.no, spine.period, if(clients >= 5, ratio(top, clients), null) as top_client_ratio
from (select no, unnest(range(first_period, last_period + 1))::smallint as period from rep_lives) as spine
left join portfolios using (no, period);
"""
REP_UNITS = {"top_client_ratio": MICRO}
