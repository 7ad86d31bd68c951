{{ config(materialized='periodic') }}
with events as (
    select * from {{ ref('int_store_point_events') }}
    where period_index >= {{ from_period() }}
),

rules as (
    select * from {{ ref('policy_point_rules') }}
),

periods as (
    select * from {{ ref('int_periods') }}
    where is_closed
),

lives as (
    select * from {{ ref('int_store_lives') }}
),

-- why, and by whom: points granted by hand name both
adjustments as (
    select
        store_id,
        {{ period_index('cast(granted_at as date)') }} as period_index,
        {{ text_list("coalesce(reason, '')", '; ') }} as reasons,
        {{ text_list("coalesce(granted_by, '')", '; ') }} as granted_by
    from {{ ref('stg_portal__points_adjustments') }}
    where
        cast(granted_at as date) <= {{ as_of_date() }}
        and {{ period_index('cast(granted_at as date)') }} >= {{ from_period() }}
    group by
        store_id,
        {{ period_index('cast(granted_at as date)') }}
),

earned as (
    select
        events.*,
        periods.period_start_date,
        rules.cap_per_period,
        rules.decay_per_period,
        cast(rules.points * case
            when events.event = 'manual' then events.amount
            when rules.per_amount is null then events.events
            else floor(events.amount / rules.per_amount)
        end as numeric(18, 6)) as points_before_cap
    from events
    inner join rules on events.event = rules.event
    inner join periods on events.period_index = periods.period_index
    inner join lives on events.store_id = lives.store_id and events.period_index >= lives.first_period_index
),

final as (
    select
        earned.store_id,
        earned.period_index,
        earned.period_start_date,
        earned.event,
        earned.event = 'manual' as is_manual,
        earned.events,
        earned.points_before_cap,
        -- a cap holds for points taken away, too
        cast(
            case
                when earned.cap_per_period is null then earned.points_before_cap
                else least(greatest(earned.points_before_cap, -earned.cap_per_period), earned.cap_per_period)
            end as numeric(18, 6)
        ) as points,
        earned.decay_per_period,
        adjustments.reasons,
        adjustments.granted_by
    from earned
    left join adjustments
        on
            earned.event = 'manual'
            and earned.store_id = adjustments.store_id
            and earned.period_index = adjustments.period_index
)

select * from final
