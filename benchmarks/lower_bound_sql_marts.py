"""The SQL of the lower bound: marts of what metrics, scores, points and segments say together.

Long marts are tables of integers, and the views give them the project's names; short ones are tables as they are.
"""

from __future__ import annotations

MART_MACROS = """
create macro quotient(n, d) as if(d = 0, null, ratio_huge(n::hugeint * sign(d), abs(d::hugeint)));
create macro millionths(x) as cast(cast(x as decimal(38, 0)) * 0.000001 as decimal(38, 6));
create temp table last as select max(period) as period from periods;
"""

POINTS_VIEWS = """
create view fct_store_points as
select names.id as store_id, earned.period::integer as period_index, rules.event, rules.event = 'manual' as is_manual,
    earned.events, millionths(earned.before_cap) as points_before_cap, millionths(earned.points) as points,
    millionths(rules.decay) as decay_per_period, reasons.reasons, reasons.granted_by
from store_points as earned inner join point_rules as rules using (rule_no) inner join store_names as names using (no)
left join point_reasons as reasons
    on rules.event = 'manual' and earned.no = reasons.no and earned.period = reasons.period;
create view fct_store_loyalty as
select names.id as store_id, period::integer as period_index, millionths(opening) as opening_points,
    millionths(automatic) as automatic_points, millionths(manual) as manual_points,
    millionths(closing - opening - automatic - manual) as lapsed_points, millionths(closing) as closing_points
from store_loyalty inner join store_names as names using (no)
where opening <> 0 or closing <> 0 or automatic <> 0 or manual <> 0;
"""

LEDGER_VIEWS = """
create view fct_rejected_rows as select * from rejected;
create view fct_input_ledger as
select table_name, rows_in, rows_staged, coalesce(rows_rejected, 0) as rows_rejected, rows_not_yet_known
from ledger left join (select table_name, count(*) as rows_rejected from rejected group by all) using (table_name);
"""

# Of stores as they were in every period.
STORE_MARTS = """
create temp table store_places as
select no, id, store_name, coalesce(region, 'unknown') as region, coalesce(channel, 'unknown') as channel, city, latitude,
    longitude, is_served
from store_names;
create temp table store_outlets as
select no, metrics.period, coalesce(is_served, has_ordered = 1) as is_served, orders_year > 0 as is_ordering,
    visits_period as visits, potential_score, segment as potential
from store_metrics as metrics inner join store_places using (no)
left join (
    select key >> $scheme_bits as no, period, segment from store_history where (key & $scheme_mask) = $potential_scheme
) as history using (no, period);

create table fct_coverage as
with reps as (
    select region, channel, period, count(distinct rep_id) as reps from (
        select region, channel, rep_id, unnest(range(first, last)) as period from (
            -- most stores of a region have the same reps at the same time
            select distinct region, channel, rep_id, greatest(period_of(valid_from), first_period) as first,
                least(coalesce(period_of(valid_to), 32767), last_period + 1) as last
            from store_assignments as lines inner join store_places as places on lines.store_id = places.id
            inner join store_lives using (no)
        )
    ) group by all
),
summed as (
    select region, channel, period, count(*)::integer as universe, count(*) filter (outlets.is_served)::integer as served,
        count(*) filter (is_ordering)::integer as ordering,
        coalesce(sum(potential_score) filter (outlets.is_served), 0)::hugeint as with_us,
        coalesce(sum(potential_score) filter (not outlets.is_served), 0)::hugeint as without_us,
        count(*) filter (potential = $high_code and not outlets.is_served)::integer as high, sum(visits)::integer as visits
    from store_outlets as outlets inner join store_places using (no) group by all
)
select region, channel, period::integer as period_index, universe, served, ordering, millionths(with_us) as potential_served,
    millionths(without_us) as potential_unserved, high as high_potential_unserved, visits,
    coalesce(reps, 0)::integer as reps, millionths(quotient(served, universe)) as numeric_coverage,
    millionths(quotient(with_us, with_us + without_us)) as weighted_coverage
from summed left join reps using (region, channel, period);

create table fct_acquisition_targets as
select places.id as store_id, store_name, region, channel, city, latitude, longitude,
    millionths(potential_score) as potential_score, '$high' as potential_segment, lifecycles.segment as lifecycle_segment,
    (row_number() over (partition by region order by potential_score desc, no))::integer as rank_in_region
from store_outlets as outlets inner join last using (period) inner join store_places as places using (no)
inner join store_lives as lives using (no)
left join (
    select no, segments.segment from store_current as today inner join store_segments as segments
        on today.scheme_no = segments.scheme_no and today.segment = segments.code
    where today.scheme_no = $client_scheme
) as lifecycles using (no)
where not outlets.is_served and potential = $high_code and potential_score is not null and lives.is_active
    and coalesce(lifecycles.segment, '') not in ('BLOCKED', 'LIQUIDATED', 'COMPETITOR');

create table fct_customers_to_review as
with contacts as (
    select no, max(store_contacts.period) as last_contact from store_contacts cross join last
    where store_contacts.period <= last.period and (field(packed, 0) > 0 or field(packed, 1) > 0) group by all
),
judged as (
    select names.id as store_id, store_name, names.region, names.channel, periods_since_last_order,
        period::integer - last_contact as periods_since_last_contact, order_value_year, gross_margin_year, cost_to_serve_year,
        net_contribution_year, coalesce(net_contribution_year < 0, false) as is_not_worth_serving,
        periods_since_last_order >= 3 and coalesce(period - last_contact >= 3, true) as is_silent
    from store_metrics inner join last using (period) inner join store_names as names using (no)
    inner join store_lives using (no) left join contacts using (no)
    where has_ordered = 1 and is_active
)
select * replace (millionths(order_value_year::hugeint * 100) as order_value_year,
    millionths(gross_margin_year) as gross_margin_year, millionths(cost_to_serve_year) as cost_to_serve_year,
    millionths(net_contribution_year) as net_contribution_year)
from judged where is_not_worth_serving or is_silent;

create table fct_cohort_retention as
with summed as (
    select if(is_first_known, since, null) as cohort, period, if(is_first_known, period - since, null) as age,
        count(*)::integer as customers, count(*) filter (orders > 0)::integer as ordering,
        count(*) filter (field(orders_year_packed, 6) > 0)::integer as of_year, count(*) filter (orders > 1)::integer as repeating,
        sum(net)::hugeint as revenue
    from store_windows where period >= since group by all
)
select period_start(cohort) as cohort_start_date, period::integer as period_index, age::integer as periods_since_first_order,
    customers, ordering as ordering_customers, of_year as customers_of_the_year, repeating as repeating_customers,
    millionths(revenue * 100) as revenue, millionths(quotient(ordering, customers)) as retention_rate,
    millionths(quotient(repeating, ordering)) as repeat_rate
from summed;

create table store_rfm as
select no, period, $recency as recency, $frequency as frequency, $monetary as monetary
from store_metrics where has_ordered = 1;
create view fct_store_rfm as
select names.id as store_id, period::integer as period_index, periods_since_last_order, orders_year,
    millionths(order_value_year::hugeint * 100) as order_value_year, recency::integer as recency_score,
    frequency::integer as frequency_score, monetary::integer as monetary_score,
    concat(recency, frequency, monetary) as rfm_segment
from store_rfm inner join store_metrics using (no, period) inner join store_names as names using (no);

create table fct_customer_pareto as
with ranked as (
    select period, order_value_year as value, row_number() over (order by order_value_year desc, no) as place,
        count(*) over () as customers, sum(order_value_year) over ()::hugeint as revenue
    from store_metrics inner join last using (period) where order_value_year > 0
),
summed as (
    select period, (100 * place + customers - 1) // customers as percent, max(place) as customers, max(revenue) as revenue,
        min(value)::hugeint as smallest, sum(value)::hugeint as value
    from ranked group by all
),
cumulated as (select *, sum(value) over (order by percent)::hugeint as so_far from summed)
select period::integer as period_index, percent::integer as customer_percent, customers::integer as customers,
    millionths(so_far * 100) as revenue_year, millionths(quotient(so_far, revenue)) as revenue_share,
    millionths(smallest * 100) as smallest_order_value_year
from cumulated;

create table store_satisfaction as
with answered as (
    select names.no, question, period_of(answered_at) as period, sum(cast(value * 1000000 as bigint))::bigint as total,
        count(*) as answers
    from survey_answers as answers inner join store_names as names on answers.store_id = names.id
    where answered_at::date <= date '$as_of' group by all
),
spread as (
    select no, question, total, answers, unnest(range(period, least(period + 12, last_period + 1)))::smallint as period
    from answered inner join store_lives using (no) where period >= first_period
)
select no, period, question, sum(answers)::integer as answers, rounded(sum(total), sum(answers)) as value from spread group by all;
create view fct_store_satisfaction as
select names.id as store_id, period::integer as period_index, question, answers, millionths(value) as value_avg_year,
    millionths(order_value_year::hugeint * 100) as order_value_year, millionths(gross_margin_year) as gross_margin_year,
    millionths(net_contribution_year) as net_contribution_year, complaints_quarter
from store_satisfaction inner join store_metrics using (no, period) inner join store_names as names using (no);
"""

# What happened, by store or channel, whether the store lives or not.
EVENT_MARTS = """
create table fct_contacts_by_channel as
with activities as (
    select store_id, 'visit' as kind, 'visit' as channel, started_at::date as day,
        10000 * greatest(coalesce(floor(epoch(ended_at - started_at)), 0), 0)::bigint as seconds
    from visits where status = 'done'
    union all
    select store_id, 'interaction', channel, occurred_at::date, 60 * coalesce(money_units(minutes), 0) from interactions
    union all
    select store_id, 'complaint', channel, opened_at::date, null from complaints
)
select kind, coalesce(channel, 'unknown') as channel, period_of(day)::integer as period_index, count(*)::integer as contacts,
    count(distinct store_id)::integer as stores, millionths(quotient(sum(seconds), 600000)) as minutes
from activities where day <= date '$as_of' group by all;

create table fct_abandoned_baskets as
with summed as (
    select store_id, period_of(occurred_at)::integer as period_index,
        count(*) filter (event_type = 'basket_abandoned')::integer as abandoned_baskets,
        count(*) filter (event_type = 'order_placed')::integer as portal_orders,
        max(occurred_at) filter (event_type = 'basket_abandoned') as last_abandoned_at
    from events where event_type in ('basket_abandoned', 'order_placed') and store_id is not null
        and occurred_at::date <= date '$as_of'
    group by all
)
select *, millionths(quotient(abandoned_baskets, abandoned_baskets + portal_orders)) as abandonment_rate
from summed where abandoned_baskets > 0;
"""

# Against stores alike: of the same display profile, else of the same channel.
COMPARISONS = """
create temp table store_alike as
select metrics.no, metrics.period, coalesce('display:' || profiles.segment, 'channel:' || channel, 'channel:unknown') as alike
from (select no, period from store_metrics) as metrics inner join store_names using (no)
left join (
    select key >> $scheme_bits as no, period, segments.segment
    from store_history as history inner join store_segments as segments
        on segments.scheme_no = $display_scheme and history.segment = segments.code and segments.segment <> 'UNKNOWN'
    where (key & $scheme_mask) = $display_scheme
) as profiles using (no, period);
create temp table alike_names as
select (row_number() over (order by alike))::integer as alike_no, alike from (select distinct alike from store_alike);

create table store_opportunities as
with measured as (
    select names.no, category, period_of(period_start_date) as period, sum(money_units(own_sales))::bigint as own,
        sum(money_units(category_sales))::bigint as sales
    from category_sales inner join store_names as names on category_sales.store_id = names.id
    where period_start_date <= date '$as_of' group by all
),
spread as (
    select no, category, own, sales, unnest(range(period, least(period + 3, last_period + 1)))::smallint as period
    from measured inner join store_lives using (no) where period >= first_period
),
quarters as (
    select spread.no, category, spread.period, alike_no, sum(own)::hugeint as own, sum(sales)::hugeint as sales
    from spread inner join store_alike using (no, period) inner join alike_names using (alike) group by all
),
of_category as (
    select alike_no, category, period, sum(own)::hugeint as all_own, sum(sales)::hugeint as all_sales from quarters group by all
),
of_alike as (select alike_no, period, sum(all_sales)::hugeint as group_sales from of_category group by all),
of_store as (select no, period, sum(sales)::hugeint as store_sales from quarters group by all),
shares as (
    select no, category, period, alike_no, own, sales, quotient(own, sales) as own_share,
        quotient(all_own - own, all_sales - sales) as others_share, quotient(sales, store_sales) as weight,
        quotient(all_sales, group_sales) as group_weight
    from quarters inner join of_category using (alike_no, category, period) inner join of_alike using (alike_no, period)
    inner join of_store using (no, period)
)
select no, category, period, alike_no, own::bigint as own, sales::bigint as sales, own_share, others_share,
    if(others_share is null, null, greatest(rounded((others_share - own_share)::hugeint * sales, 10000), 0)) as to_gain,
    quotient(weight, group_weight) as affinity
from shares;
create table comparable_groups as select * from alike_names;
create view fct_store_category_opportunity as
select names.id as store_id, category, period::integer as period_index, alike as comparable_group,
    millionths(own::hugeint * 100) as own_sales, millionths(sales::hugeint * 100) as category_sales,
    millionths(own_share) as own_share, millionths(others_share) as comparable_share, millionths(to_gain) as money_to_gain,
    millionths(affinity) as category_affinity
from store_opportunities inner join comparable_groups using (alike_no) inner join store_names as names using (no);

create table fct_white_spots as
with customers as (
    select no, alike from store_alike inner join last using (period)
    semi join (select no from store_metrics inner join last using (period) where orders_year > 0) as bought using (no)
),
purchases as (
    select no, alike, sales.category_no, sum(sales.net)::hugeint as net
    from customers inner join store_category_sales as sales using (no) inner join categories using (category_no) cross join last
    where sales.period between last.period - 11 and last.period and category <> 'unknown'
    group by all having sum(sales.net) > 0
),
sizes as (select alike, count(*)::integer as stores from customers group by all),
bought as (
    select alike, category_no, stores, count(*) as buying, sum(net)::hugeint as net
    from purchases inner join sizes using (alike) group by all
),
spots as (
    select no, category, alike, stores, quotient(buying, stores) as share, rounded(net * 100, buying) as value
    from customers inner join bought using (alike) inner join categories using (category_no)
    anti join purchases on customers.no = purchases.no and bought.category_no = purchases.category_no
)
select names.id as store_id, category, period::integer as period_index, alike as comparable_group, stores as comparable_stores,
    millionths(share) as buying_share, millionths(value) as value_avg_year,
    (row_number() over (partition by no order by value desc, category))::integer as priority
from spots inner join store_names as names using (no) cross join last where share >= 300000;
"""

# Of today's profiles: the intersection of segments, by channel and season of the trailing year.
PROFILES = """
create temp table store_profiles as
with named as (
    select today.no, schemes.scheme, segments.segment
    from store_current as today inner join store_schemes as schemes using (scheme_no)
    inner join store_segments as segments on today.scheme_no = segments.scheme_no and today.segment = segments.code
    where today.is_active and schemes.scheme in ('value', 'potential', 'service')
),
profiles as (
    select no, max(segment) filter (scheme = 'value') || ' / ' || max(segment) filter (scheme = 'potential') || ' / '
        || max(segment) filter (scheme = 'service') as profile, max(segment) filter (scheme = 'service') as service
    from named group by all
)
select profiles.*, contacts_year_packed as contacts, seconds_year as seconds
from profiles left join (
    select no, contacts_year_packed, seconds_year from store_windows inner join last using (period)) using (no);
create temp table year_channels as
select documents.store_no as no, coalesce(order_channel, 'unknown') as order_channel, sum(net)::bigint as net,
    count(*) filter (is_order) as orders
from documents inner join orders on documents.order_no = orders.row cross join last
where documents.period between last.period - 11 and last.period and store_no is not null group by all;

create table fct_channel_preference as
with ranked as (
    select service, order_channel, orders, net,
        row_number() over (partition by no order by orders desc, net desc, order_channel) as preference
    from year_channels inner join store_profiles using (no) where orders > 0
),
summed as (
    select service, order_channel, count(*)::integer as customers, count(*) filter (preference = 1)::integer as preferring,
        sum(orders)::bigint as orders, sum(net)::hugeint as net
    from ranked group by all
)
select service as service_segment, order_channel, period::integer as period_index, customers, preferring as customers_preferring,
    millionths(quotient(preferring, sum(preferring) over s)) as preference_share, orders, millionths(net * 100) as revenue_year,
    millionths(quotient(net, sum(net) over s)) as revenue_share
from summed cross join last window s as (partition by service);

create table fct_store_profile_channels as
with sold as (
    select profile, order_channel, count(*) filter (orders > 0)::integer as stores, sum(orders)::bigint as orders,
        sum(net)::hugeint as net
    from year_channels inner join store_profiles using (no) group by all
),
costs as (
    select profile, unnest(['rep', 'phone', 'email', 'portal']) as order_channel, unnest([
        rounded($visit_second_rate::hugeint * sum(seconds), 60), $phone_rate * sum(field(contacts, 2)),
        $email_rate * sum(field(contacts, 3)), $chat_rate * sum(field(contacts, 4))])::hugeint as cost
    from store_profiles where contacts > 0 group by profile
)
select profile, order_channel, period::integer as period_index, coalesce(stores, 0) as ordering_stores,
    coalesce(orders, 0) as orders, millionths(coalesce(net, 0) * 100) as revenue_year,
    millionths(coalesce(cost, 0)) as cost_of_sales_year,
    millionths(quotient(coalesce(cost, 0), net * 100)) as cost_of_sales_share,
    millionths(quotient(coalesce(cost, 0), orders::hugeint * 1000000)) as cost_an_order
from sold full join costs using (profile, order_channel) cross join last;

create table fct_store_profiles as
with summed as (
    select profile, count(*)::integer as stores, sum(coalesce(order_value_year, 0))::hugeint * 100 as revenue,
        sum(coalesce(orders_year, 0))::hugeint as orders, sum(gross_margin_year)::hugeint as margin,
        coalesce(sum(cost_to_serve_year), null)::hugeint as costs, sum(net_contribution_year)::hugeint as contribution
    from store_profiles left join (select * from store_metrics inner join last using (period)) using (no) group by all
),
seasons as (
    select profile, sum(net) filter (quarter = 1)::hugeint as q1, sum(net) filter (quarter = 2)::hugeint as q2,
        sum(net) filter (quarter = 3)::hugeint as q3, sum(net) filter (quarter = 4)::hugeint as q4, sum(net)::hugeint as net
    from (select *, ((store_sales.period - 1) % 12) // 3 + 1 as quarter from store_sales cross join last
        where store_sales.period between last.period - 11 and last.period)
    inner join store_profiles using (no) group by all
),
channels as (
    select profile, coalesce(sum(orders) filter (order_channel = 'rep'), 0)::hugeint as rep,
        coalesce(sum(orders) filter (order_channel = 'phone'), 0)::hugeint as phone,
        coalesce(sum(orders) filter (order_channel = 'email'), 0)::hugeint as email,
        coalesce(sum(orders) filter (order_channel = 'portal'), 0)::hugeint as portal,
        coalesce(sum(orders) filter (order_channel = 'edi'), 0)::hugeint as edi, sum(orders)::hugeint as channel_orders
    from fct_store_profile_channels group by all
)
select profile, 'value / potential / service' as schemes, period::integer as period_index, stores,
    millionths(revenue) as revenue_year, millionths(margin) as gross_margin_year, millionths(costs) as cost_to_serve_year,
    millionths(contribution) as net_contribution_year, millionths(quotient(costs, revenue)) as cost_of_sales_share,
    millionths(quotient(orders, stores)) as orders_per_store, millionths(quotient(revenue, orders * 1000000)) as order_value_avg,
    millionths(quotient(rep, channel_orders)) as share_orders_rep, millionths(quotient(phone, channel_orders)) as share_orders_phone,
    millionths(quotient(email, channel_orders)) as share_orders_email,
    millionths(quotient(portal, channel_orders)) as share_orders_portal,
    millionths(quotient(edi, channel_orders)) as share_orders_edi,
    millionths(quotient(coalesce(q1, 0), net)) as revenue_share_q1, millionths(quotient(coalesce(q2, 0), net)) as revenue_share_q2,
    millionths(quotient(coalesce(q3, 0), net)) as revenue_share_q3, millionths(quotient(coalesce(q4, 0), net)) as revenue_share_q4,
    millionths(quotient(revenue, sum(revenue) over ())) as revenue_share
from summed left join seasons using (profile) left join channels using (profile) cross join last;
"""

TEAMS = """
create table fct_rep_team_metrics as
with teams as (
    select no, unnest(['manager', 'region', 'company']) as team_type,
        unnest([coalesce(manager_id, 'unknown'), coalesce(region, 'unknown'), 'all']) as team
    from rep_names
),
reached as (
    select key >> $scheme_bits as no, period, count(actual) as targets, count(*) filter (is_met) as met
    from rep_targets group by all
),
summed as (
    select team_type, team, period, count(*)::integer as reps, sum(clients) as clients, sum(top_clients) as top_clients,
        sum(client_revenue_year)::hugeint as revenue, sum(days_worked) as days_worked, sum(minutes_worked)::hugeint as minutes,
        sum(days_off) as days_off, sum(visits) as visits, sum(planned_visits) as planned_visits,
        sum(planned_visits_done) as planned_visits_done, sum(mandatory_steps) as mandatory_steps,
        sum(completed_steps) as completed_steps, coalesce(sum(targets), 0)::integer as targets,
        coalesce(sum(met), 0)::integer as targets_met
    from rep_metrics inner join teams using (no) left join reached using (no, period) group by all
)
select team_type, team, period::integer as period_index, reps, clients, top_clients, millionths(revenue * 100) as client_revenue_year,
    days_worked, millionths(minutes * 100) as minutes_worked, days_off, visits, planned_visits, planned_visits_done,
    mandatory_steps, completed_steps, targets, targets_met, millionths(quotient(top_clients, clients)) as top_client_ratio,
    millionths(quotient(minutes, days_worked * 10000)) as working_minutes_avg,
    millionths(quotient(planned_visits_done, planned_visits)) as visit_plan_completion,
    millionths(quotient(completed_steps, mandatory_steps)) as procedure_compliance,
    millionths(quotient(targets_met, targets)) as target_attainment
from summed;
"""

# How the schemes of one entity type do; {e}: the entity type, {revenue}: what its segments should explain.
HEALTH = """
create table {e}_sizes as
select (key & $scheme_mask)::tinyint as scheme_no, history.segment, history.period, count(*)::integer as entities,
    count(*) filter (is_change)::integer as arrived, count(*) filter (reason = $held) as held,
    count(*) filter (reason = $waiting) as waiting, count(*) filter (reason = $unobserved) as unobserved,
    count(*) filter (reason = $override) as overridden, sum({revenue}::hugeint) as revenue,
    sum({revenue}::hugeint * {revenue}) as squares
from {e}_history as history
inner join {e}_metrics as metrics on history.key >> $scheme_bits = metrics.no and history.period = metrics.period group by all;
create table {e}_rule_use as
select (key & $condition_mask)::tinyint as condition_no, period, count(*)::integer as judged, count(value)::integer as observed,
    count(*) filter (is_met)::integer as met, count(*) filter (is_state_change and is_met)::integer as entered,
    count(*) filter (is_state_change and not is_met)::integer as exited
from {e}_evidence group by all;
create table {e}_health as
with bounds as (
    -- within a twentieth of a threshold; of a flag, nothing is near
    select rule_no, scheme_no, enter_threshold in (0, 1000000) as is_flag,
        ceil(enter_threshold - abs(enter_threshold) * 0.05)::bigint as enter_from,
        floor(enter_threshold + abs(enter_threshold) * 0.05)::bigint as enter_to,
        ceil(exit_threshold - abs(exit_threshold) * 0.05)::bigint as exit_from,
        floor(exit_threshold + abs(exit_threshold) * 0.05)::bigint as exit_to
    from {e}_rules inner join {e}_conditions using (condition_no) inner join {e}_schemes using (scheme)
),
near as (
    select scheme_no, period, count(distinct key >> $condition_bits) as near
    from {e}_evidence inner join bounds using (rule_no)
    where (value between enter_from and enter_to or value between exit_from and exit_to)
        and not (is_flag and value in (0, 1000000))
    group by all
),
schemes as (
    select scheme_no, period, sum(entities)::hugeint as entities, count(*)::integer as segments_in_use, max(entities) as largest,
        sum(arrived) as changes, sum(held) as held, sum(waiting) as waiting, sum(unobserved) as unobserved,
        sum(overridden) as overridden,
        sum(revenue::double * revenue / entities) - sum(revenue)::double * sum(revenue) / sum(entities) as between,
        sum(squares)::double - sum(revenue)::double * sum(revenue) / sum(entities) as of_all
    from {e}_sizes group by all
),
used as (
    select scheme_no, period, count(*)::integer as rules, count(*) filter (so_far = 0)::integer as never
    from (
        select condition_no, period, sum(met) over (partition by condition_no order by period) as so_far from {e}_rule_use
    ) inner join {e}_conditions using (condition_no) inner join {e}_schemes using (scheme) group by all
)
select scheme_no, period, entities::integer as entities, segments_in_use, quotient(largest, entities) as largest,
    quotient(changes, entities) as churn, quotient(held, entities) as held, quotient(waiting, entities) as waiting,
    quotient(unobserved, entities) as unobserved, quotient(overridden, entities) as overridden,
    quotient(coalesce(near, 0), entities) as near,
    -- revenue in ten-thousandths, squared
    if(of_all > 100, round(cast(between / of_all as decimal(18, 6)), 4), null) as explained, coalesce(rules, 0) as rules,
    coalesce(never, 0) as never
from schemes left join near using (scheme_no, period) left join used using (scheme_no, period);
"""
HEALTH_VIEWS = {
    "fct_segment_sizes": """
        select '{e}' as entity_type, scheme, names.segment, period::integer as period_index, entities, arrived
        from {e}_sizes as sizes inner join {e}_schemes using (scheme_no)
        inner join {e}_segments as names on sizes.scheme_no = names.scheme_no and sizes.segment = names.code""",
    "fct_segment_rule_use": """
        select '{e}' as entity_type, scheme, segment, rule_group, metric, operator, period::integer as period_index, judged,
            observed, met, entered, exited
        from {e}_rule_use inner join {e}_conditions using (condition_no)""",
    "fct_segmentation_health": """
        select '{e}' as entity_type, scheme, period::integer as period_index, entities, segments_in_use,
            millionths(largest) as largest_segment_share, millionths(churn) as churn, millionths(held) as held_share,
            millionths(waiting) as waiting_share, millionths(unobserved) as unobserved_share,
            millionths(overridden) as overridden_share, millionths(near) as near_threshold_share,
            explained as revenue_variance_explained, rules, never as rules_never_met
        from {e}_health inner join {e}_schemes using (scheme_no)""",
    "fct_kpi_attainment": """
        select '{e}' as entity_type, names.id as entity_id, period::integer as period_index, scheme, segment, kpi, target,
            direction, millionths(actual) as actual, millionths(attainment) as attainment, is_met
        from {e}_targets inner join {e}_target_lines using (target_no)
        inner join {e}_names as names on key >> $scheme_bits = names.no""",
}
