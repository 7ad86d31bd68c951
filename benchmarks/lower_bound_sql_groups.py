"""The SQL of the lower bound: reps and product groups, their lives and metrics."""

from __future__ import annotations

from benchmarks.lower_bound_sql import COUNT, MICRO, MONEY

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
create temp table rep_days as
select names.no, period_of(work_date) as period, count(*) filter (is_worked) as worked,
    coalesce(sum(money_units(minutes_worked)) filter (is_worked), 0)::bigint as minutes, count(*) filter (is_day_off) as off
from (select *, not coalesce(is_day_off, false) and minutes_worked > 0 as is_worked from working_days) as days
inner join rep_names as names on days.rep_id = names.id where work_date <= date '$as_of' group by all;
create temp table rep_visits as
with judged as (
    select names.no, period_of(started_at) as period, status = 'done' as is_done, mandatory_steps, completed_steps,
        coalesce(is_planned, false) and days_off.rep_id is null as is_expected
    from visits inner join rep_names as names on visits.rep_id = names.id
    left join (select rep_id, work_date from working_days where is_day_off) as days_off
        on visits.rep_id = days_off.rep_id and visits.started_at::date = days_off.work_date
    where started_at::date <= date '$as_of'
)
select no, period, count(*) filter (is_done) as visits, count(*) filter (is_expected) as planned,
    count(*) filter (is_expected and is_done) as planned_done, coalesce(sum(mandatory_steps) filter (is_done), 0)::bigint as mandatory,
    coalesce(sum(completed_steps) filter (is_done and mandatory_steps is not null), 0)::bigint as completed
from judged group by all;
create table rep_metrics as
with flags as (
    select key >> $scheme_bits as store_no, period,
        bool_or(segment = $top_code and (key & $scheme_mask) = $top_scheme) as is_top
    from store_history where (key & $scheme_mask) in ($client_scheme, $top_scheme) group by all
    having bool_or((key & $scheme_mask) = $client_scheme and segment in ($client_codes))
),
assigned as (
    select distinct reps.no, flags.store_no, flags.period, flags.is_top
    from store_assignments as lines
    inner join store_names as stores on lines.store_id = stores.id
    inner join rep_names as reps on lines.rep_id = reps.id
    inner join flags on stores.no = flags.store_no and flags.period >= period_of(lines.valid_from)
        and (lines.valid_to is null or flags.period < period_of(lines.valid_to))
),
portfolios as (
    select assigned.no, assigned.period, count(*) as clients, count(*) filter (is_top) as top, sum(net_year)::bigint as revenue
    from assigned inner join store_windows on assigned.store_no = store_windows.no and assigned.period = store_windows.period
    group by all
)
select spine.no, spine.period, coalesce(clients, 0)::integer as clients, coalesce(top, 0)::integer as top_clients,
    coalesce(revenue, 0) as client_revenue_year, if(clients >= 5, ratio(top, clients), null) as top_client_ratio,
    coalesce(worked, 0)::integer as days_worked, coalesce(minutes, 0) as minutes_worked, coalesce(off, 0)::integer as days_off,
    coalesce(visits, 0)::integer as visits, coalesce(planned, 0)::integer as planned_visits,
    coalesce(planned_done, 0)::integer as planned_visits_done, coalesce(mandatory, 0)::integer as mandatory_steps,
    coalesce(completed, 0)::integer as completed_steps,
    if(worked >= 5, rounded(100 * minutes, worked), null) as working_minutes_avg,
    if(worked >= 5 and planned > 0, ratio(planned_done, planned), null) as visit_plan_completion,
    if(worked >= 5 and mandatory > 0, ratio(completed, mandatory), null) as procedure_compliance
from (select no, unnest(range(first_period, last_period + 1))::smallint as period from rep_lives) as spine
left join portfolios using (no, period) left join rep_days using (no, period) left join rep_visits using (no, period);
"""
REP_UNITS = dict.fromkeys(
    ("clients", "top_clients", "days_worked", "days_off", "visits", "planned_visits", "planned_visits_done",
     "mandatory_steps", "completed_steps"), COUNT,
) | {"client_revenue_year": MONEY, "minutes_worked": MONEY} | dict.fromkeys(
    ("top_client_ratio", "working_minutes_avg", "visit_plan_completion", "procedure_compliance"), MICRO,
)  # fmt: skip

PRODUCT_GROUPS = """
create temp table product_nodes as
select product_no, unnest(['category', 'brand', 'group', 'product']) as level,
    unnest(['category:' || coalesce(category, 'unknown'), 'brand:' || coalesce(brand, 'unknown'),
        'group:' || coalesce(product_group, 'unknown'), 'product:' || product_id]) as id
from product_list
union all
select -1, level, level || ':unknown' from (select unnest(['category', 'brand', 'group', 'product']) as level);
create temp table product_sales as
with sold as (
    select product_no, period, sum(net)::bigint as net, sum(quantity)::hugeint as quantity, min(ordered_on) as first_on
    from document_lines group by all
)
select nodes.id, nodes.level, sold.period, sum(sold.net)::bigint as net,
    sum(if(list.unit_cost is null, 0, sold.net))::bigint as costed,
    -- of ten decimals: quantities have four, costs six
    sum(coalesce(sold.quantity * list.unit_cost, 0))::hugeint as cost, sum(sold.quantity)::hugeint as quantity, min(first_on) as first_on
from sold inner join product_nodes as nodes using (product_no) left join product_list as list using (product_no)
group by all;
create table product_group_names as
select row_number() over (order by id)::integer as no, id, id as product_group_id, level, min(first_on) as first_on
from product_sales group by id, level;
create table product_group_lives as
select no, greatest(first_on, period_start(first)) as starts_on, greatest(period_of(first_on), first) as first_period,
    (select max(period) from periods) as last_period, true as is_active
from product_group_names cross join history;

-- which periods a store bought a node in, as bits (of 64, where history is short enough); a purchase counts in its own
-- and the two periods after it
create temp table node_purchases as
with bought as (
    select product_no, store_no, bit_or(1::$bits << (period - first)) as bits
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

-- the last quantity that a warehouse reported of a product holds until it reports again
create temp table node_stock as
with reported as (
    select list.product_no, warehouse_id, period_of(stock_date) as period, arg_max(money_units(quantity), stock_date) as quantity
    from stock_levels inner join product_list as list using (product_id) where stock_date <= date '$as_of' group by all
),
held as (
    select product_no, quantity, unnest(range(period, coalesce(
        lead(period) over (partition by product_no, warehouse_id order by period), (select max(period) + 1 from periods))))::smallint
        as period
    from reported
)
select names.no, held.period, sum(held.quantity)::hugeint as stock
from held inner join product_nodes as nodes using (product_no) inner join product_group_names as names using (id)
group by all;
create temp table node_category_share as
select names.no, period_of(period_start_date) as period, sum(money_units(own_sales))::hugeint as own,
    sum(money_units(category_sales))::hugeint as category
from category_sales as sales inner join product_group_names as names on 'category:' || sales.category = names.id
where period_start_date <= date '$as_of' group by all;
create table product_group_metrics as
with spine as (
    select no, unnest(range(first_period, last_period + 1))::smallint as period from product_group_lives
),
facts as (
    select no, names.level, spine.period, coalesce(net, 0) as net, coalesce(costed, 0) as costed, coalesce(cost, 0) as cost,
        coalesce(quantity, 0) as quantity
    from spine inner join product_group_names as names using (no)
    left join product_sales as sales on names.id = sales.id and spine.period = sales.period
),
windows as (
    select no, level, period, net, sum(net) over quarter::bigint as net_quarter, sum(net) over year::bigint as net_year,
        sum(quantity) over quarter::hugeint as quantity_quarter, sum(costed) over year::hugeint as costed, sum(cost) over year::hugeint as cost,
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
    if(all_weight > 0, ratio_huge(coalesce(reached.weight, 0), all_weight), null) as weighted_distribution,
    if(share.category <> 0, ratio_huge(share.own * sign(share.category), abs(share.category)), null) as category_share_period,
    if(quantity_quarter > 0, ratio_huge(
        stock * (period_end(ranked.period) - period_start(ranked.period - 2) + 1), quantity_quarter), null) as stock_cover_days
from ranked left join node_distribution as reached using (no, period)
left join node_stock using (no, period) left join node_category_share as share using (no, period);
"""
PRODUCT_GROUP_UNITS = {
    "sales_period": MONEY, "sales_quarter": MONEY, "sales_year": MONEY, "sales_growth_year": MICRO,
    "revenue_share_above_year": MICRO, "margin_rate_year": MICRO, "numeric_distribution": MICRO,
    "weighted_distribution": MICRO, "category_share_period": MICRO, "stock_cover_days": MICRO,
}  # fmt: skip
