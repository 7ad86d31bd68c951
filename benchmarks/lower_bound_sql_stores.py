"""The SQL of the lower bound: lives, windows, points, named metrics, audits and metrics of stores."""

from __future__ import annotations

from benchmarks.lower_bound_sql import COUNT, MICRO, MONEY, stage

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
    select store_id, started_at::date as day, 1::hugeint as packed,
        -- without an end, or with one before its start, a visit is of unknown length
        greatest(coalesce(floor(epoch(ended_at - started_at)), 0), 0)::bigint as seconds
    from visits where status = 'done'
    union all
    select store_id, occurred_at::date, (1::hugeint << 18) + case channel when 'phone' then 1::hugeint << 36
        when 'email' then 1::hugeint << 54 when 'chat' then 1::hugeint << 72 when 'visit' then 1::hugeint << 90 else 0 end, 0
    from interactions
    union all
    select store_id, opened_at::date, 1::hugeint << 108, 0 from complaints
)
select names.no, period_of(day) as period, sum(packed) as packed, sum(seconds)::bigint as seconds
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

create temp table store_margins as
select no, period, sum(lines)::integer as lines, sum(costed_lines)::integer as costed_lines, sum(margin)::hugeint as margin
from store_category_sales group by all;
create temp table store_tills as
select names.no, period_of(sold_on) as period, sum(money_units(amount))::bigint as sell_out
from epos_sales inner join store_names as names on epos_sales.store_id = names.id
where sold_on <= date '$as_of' group by all;

create temp table store_windows as
with spine as (
    select no, since, is_first_known, customer_period, order_before, visit_before, first_period,
        unnest(range(first_period, last_period + 1))::smallint as period
    from store_firsts
),
facts as (
    select spine.*, coalesce(sales.net, 0) as net, coalesce(sales.packed, 0) as orders_packed,
        coalesce(contacts.packed, 0) as contacts_packed, coalesce(contacts.seconds, 0) as seconds,
        coalesce(margins.lines, 0) as lines, coalesce(margins.costed_lines, 0) as costed_lines,
        coalesce(margins.margin, 0) as margin, tills.sell_out,
        if(field(sales.packed, 6) > 0, spine.period, null) as order_period,
        if(field(contacts.packed, 0) > 0, spine.period, null) as visit_period
    from spine left join store_sales as sales using (no, period) left join store_contacts as contacts using (no, period)
    left join store_margins as margins using (no, period) left join store_tills as tills using (no, period)
)
select no, period, since, is_first_known, customer_period, first_period, net, field(orders_packed, 6) as orders,
    contacts_packed, sum(net) over quarter::bigint as net_quarter, sum(net) over year::bigint as net_year,
    if(period - 14 >= (select first from history), coalesce(sum(net) over year_ago, 0)::bigint, null) as net_year_ago,
    sum(orders_packed) over year as orders_year_packed,
    sum(field(orders_packed, 6)) over quarter::integer as orders_quarter,
    sum(contacts_packed) over quarter as contacts_quarter_packed, sum(contacts_packed) over year as contacts_year_packed,
    sum(if(order_period > since, 1, 0)) over year::integer as repeats,
    sum(seconds) over year::bigint as seconds_year, sum(lines) over year::integer as lines_year,
    sum(costed_lines) over year::integer as costed_lines_year, sum(margin) over year::hugeint as margin_year,
    sum(sell_out) over quarter::bigint as sell_out_quarter,
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

POINTS = """
create table point_rules as
select * from (values $point_rules) as t (rule_no, event, points, per_amount, cap, decay);
create table store_points as
with earning as ($point_events),
counted as (
    select earning.no, earning.period, rule_no, count(*)::integer as events, sum(amount)::bigint as amount
    from earning inner join store_lives as lives using (no)
    where earning.period between lives.first_period and (select max(period) from periods) group by all
),
earned as (
    select counted.*, decay, cap, case
            when event = 'manual' then rounded(points * amount, 10000)
            when per_amount is null then points * events
            else points * (100 * amount // per_amount) end as before_cap
    from counted inner join point_rules using (rule_no)
)
select no, period, rule_no, events, before_cap, if(cap is null, before_cap, least(greatest(before_cap, -cap), cap)) as points
from earned;
create table point_reasons as
select names.no, period_of(granted_at) as period, string_agg(coalesce(because, ''), '; ' order by coalesce(because, '')) as reasons,
    string_agg(coalesce(granted_by, ''), '; ' order by coalesce(granted_by, '')) as granted_by
from points_adjustments as adjustments inner join store_names as names on adjustments.store_id = names.id
where granted_at::date <= date '$as_of' group by all;

-- what is left of the year's points: rules of one decay are one sum, and age x decay is a sum of periods
create table store_loyalty as
with by_period as (
    select no, period, sum(points)::bigint as points, coalesce(sum(points) filter (rule_no = $manual_rule), 0)::bigint as manual,
        $points_by_decay
    from store_points group by all
),
spine as (
    select no, unnest(range(since, last_period + 1))::smallint as period
    from (select no, min(period) as since from by_period group by all) inner join store_lives using (no)
),
windows as (
    select no, period, coalesce(points, 0) as points, coalesce(manual, 0) as manual, $decay_windows
    from spine left join by_period using (no, period)
),
closed as (
    select no, period, points - manual as automatic, manual, greatest(rounded($balance, 1000000), 0) as closing from windows
)
select *, coalesce(lag(closing) over (partition by no order by period), 0) as opening from closed;
"""

NAMED = """
-- attributes and external metrics by name: one stream, the latest day counts, then what was measured outside;
-- a value that is no number ($nothing) is known to be none
create temp table named_changes as
with known as (
    select names.no, wanted.name_no, period_of(measured_on) as period, measured_on as day, 1 as is_external,
        measured_on::timestamp as moment, cast(value * 1000000 as bigint) as value
    from external_metrics inner join (values $last_names) as wanted (name, name_no) on metric = wanted.name
    inner join store_names as names on entity_id = names.id
    where entity_type = 'store' and measured_on <= date '$as_of'
    union all
    select names.no, wanted.name_no, period_of(recorded_at), recorded_at::date, 0, recorded_at,
        coalesce(cast(try_cast(value as decimal(18, 6)) * 1000000 as bigint), $nothing)
    from store_attributes as attributes inner join (values $last_names) as wanted (name, name_no) on attribute = wanted.name
    inner join store_names as names on attributes.store_id = names.id
    where recorded_at::date <= date '$as_of' and attribute in (
        select attribute from store_attributes where try_cast(value as decimal(18, 6)) is not null and recorded_at::date <= date '$as_of')
    union all
    select names.no, flags.name_no, period_of(recorded_at), recorded_at::date, -1, recorded_at,
        case when value is null then $nothing when list_contains(flags.listed, value) then 1000000 else 0 end
    from store_attributes as attributes inner join (values $flag_names) as flags (attribute, name_no, listed) using (attribute)
    inner join store_names as names on attributes.store_id = names.id
    where recorded_at::date <= date '$as_of'
)
select no, name_no, greatest(known.period, lives.first_period)::smallint as period, arg_max(value, (day, is_external, moment)) as value
from known inner join store_lives as lives using (no) group by all;
create temp table store_named as
with changed as (select no, period, $named_changed from named_changes group by all),
carried as (
    select no, period, $named_carried, lead(period) over w as next_period
    from changed window w as (partition by no order by period)
)
select no, unnest(range(carried.period, least(coalesce(next_period, 32767), last_period + 1)))::smallint as period, $named_list
from carried inner join store_lives using (no);
create temp table store_means as
with measured as (
    select names.no, wanted.name_no, period_of(measured_on) as period, cast(value * 1000000 as bigint) as value
    from external_metrics inner join (values $mean_names) as wanted (name, name_no) on metric = wanted.name
    inner join store_names as names on entity_id = names.id
    where entity_type = 'store' and measured_on <= date '$as_of'
    union all
    select names.no, wanted.name_no, period_of(recorded_at), cast(try_cast(value as decimal(18, 6)) * 1000000 as bigint)
    from store_attributes as attributes inner join (values $mean_names) as wanted (name, name_no) on attribute = wanted.name
    inner join store_names as names on attributes.store_id = names.id
    where recorded_at::date <= date '$as_of' and try_cast(value as decimal(18, 6)) is not null
)
select no, period, $mean_values from measured group by all;

-- the nearest point of each type: most lie in the store's own cell of a grid or beside it, the rest is compared with all
create temp table store_distances as
with points as (
    select distinct kinds.name_no, latitude::double as lat, longitude::double as lon,
        floor(lat * 10)::integer as row, floor((lon + 180) * 10)::integer % 3600 as col
    from points_of_interest
    inner join (values $distance_names) as kinds (name, name_no)
        on 'distance_to_' || lower(regexp_replace(poi_type, '[^A-Za-z0-9]+', '_', 'g')) = kinds.name
    where latitude between -90 and 90 and longitude between -180 and 180
),
outlets as (
    select no, latitude::double as lat, longitude::double as lon, floor(lat * 10)::integer as row,
        floor((lon + 180) * 10)::integer as col
    from store_names where latitude between -90 and 90 and longitude between -180 and 180
),
near as (
    select no, name_no, min(kilometres(outlets.lat, outlets.lon, points.lat, points.lon)) as km, any_value(outlets.lat) as lat
    from outlets cross join (select unnest([-1, 0, 1]) as north) cross join (select unnest([-1, 0, 1]) as east)
    inner join points on outlets.row + north = points.row and (outlets.col + east + 3600) % 3600 = points.col
    group by all
),
-- nothing beyond the neighbouring cells is nearer than a tenth of a degree
certain as (
    select no, name_no, km from near
    where km <= 0.99 * 6371.0088 * least(radians(0.1), asin(sin(radians(0.1)) * cos(radians(lat))))
),
searched as (
    select no, name_no, min(kilometres(outlets.lat, outlets.lon, points.lat, points.lon)) as km
    from (select no, name_no from outlets cross join (select distinct name_no from points)
        anti join certain using (no, name_no))
    inner join outlets using (no) inner join points using (name_no) group by all
),
found as (select * from certain union all select * from searched)
select no, $distance_values from found group by all;
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
    "complaints_quarter": ("field(contacts_quarter_packed, 6)", COUNT),
    # of ten decimals the margin, sixty times the costs, in millionths
    "gross_margin_year": ("if(is_margin_known, rounded(margin_year, 10000), null)", MICRO),
    "cost_to_serve_year": ("rounded(sixty_costs, 60)", MICRO),
    "net_contribution_year": (
        "if(is_margin_known, rounded(60 * margin_year - 10000 * sixty_costs::hugeint, 600000), null)", MICRO,
    ),
    "sell_out_quarter": ("sell_out_quarter", MONEY),
    "sell_through_quarter": ("if(net_quarter > 0, ratio_huge(sell_out_quarter, net_quarter), null)", MICRO),
    "loyalty_points": ("coalesce(loyalty.closing, 0)", MICRO),
}  # fmt: skip

_columns = ", ".join(
    f"{expression}::{'integer' if unit == COUNT else 'bigint'} as {name}" for name, (expression, unit) in METRICS.items()
)
STORE_METRICS = """
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
),
-- what the rates charge for the year's visits, interactions and complaints
serviced as (
    select *, $sixty_costs as sixty_costs,
        (select bool_or(unit_cost is not null) from product_list) and (costed_lines_year > 0 or lines_year = 0) as is_margin_known
    from store_windows
),
measured as (
    select no, period, {columns}, $named_columns
    from serviced inner join store_nodes using (no)
    inner join totals using (period) left join chain_totals using (period)
    left join ranks using (no, period) left join chain_ranks as chains using (node, period)
    left join store_audits as audits using (no, period)
    left join store_category_share as share using (no, period)
    left join store_loyalty as loyalty using (no, period)
    $named_joins
)
select measured.*, $scores from measured order by period
""".replace("{columns}", _columns)
