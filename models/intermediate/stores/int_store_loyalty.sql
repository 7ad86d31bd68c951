{{ config(materialized='periodic') }}
{%- set look_back = window_length('year') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period() }}
),

points as (
    select
        store_id,
        period_index,
        decay_per_period,
        cast(sum(points) as numeric(18, 6)) as points,
        cast(sum(case when is_manual then points else 0 end) as numeric(18, 6)) as manual_points
    from {{ ref('fct_store_points') }}
    where period_index >= {{ from_period(back=look_back) }}
    group by
        store_id,
        period_index,
        decay_per_period
),

ages as (
    select cast(age as integer) as age
    from generate_series(0, {{ look_back }}) as ages (age)
),

-- what is left of a period's points so many periods later
balances as (
    select
        points.store_id,
        points.period_index + ages.age as period_index,
        sum(points.points * (1 - ages.age * points.decay_per_period)) as balance,
        sum(case when ages.age = 0 then points.points else 0 end) as points_period,
        sum(case when ages.age = 0 then points.manual_points else 0 end) as manual_points_period
    from points
    inner join ages on ages.age * points.decay_per_period < 1
    group by
        points.store_id,
        points.period_index + ages.age
),

-- a rule counts as observed when the company has the table that feeds it
observed as (
    select count(*) > 0 as is_observed
    from {{ ref('policy_point_rules') }}
    where
        1 = 0
        {%- for predicate, table in {
            "event = 'order'": 'erp_orders',
            "event = 'visit_done'": 'sfa_visits',
            "position('interaction:' in event) = 1": 'crm_interactions',
            "event = 'manual'": 'portal_points_adjustments',
            "event not in ('order', 'visit_done', 'manual') and position('interaction:' in event) <> 1": 'portal_events',
        }.items() if not inputs_are_missing([table]) %}
        or ({{ predicate }})
        {%- endfor %}
),

final as (
    select
        spine.store_id,
        spine.period_index,
        cast(
            case when observed.is_observed then coalesce(balances.points_period - balances.manual_points_period, 0) end
            as numeric(18, 6)
        ) as automatic_points_period,
        cast(case when observed.is_observed then coalesce(balances.manual_points_period, 0) end as numeric(18, 6))
            as manual_points_period,
        cast(case when observed.is_observed then greatest(coalesce(balances.balance, 0), 0) end as numeric(18, 6))
            as loyalty_points
    from spine
    cross join observed
    left join balances
        on
            spine.store_id = balances.store_id
            and spine.period_index = balances.period_index
)

select * from final
