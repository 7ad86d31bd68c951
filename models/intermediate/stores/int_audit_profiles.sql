{{ config(materialized='periodic') }}
with visits as (
    select
        visit_id,
        store_id,
        cast(started_at as date) as visited_on,
        {{ period_index('cast(started_at as date)') }} as period_index
    from {{ ref('stg_sfa__visits') }}
    where
        status = 'done'
        and cast(started_at as date) <= {{ as_of_date() }}
        and {{ period_index('cast(started_at as date)') }} >= {{ from_period() }}
),

profiles as (
    select * from {{ ref('int_store_profiles') }}
),

answered as (
    select distinct visit_id
    from {{ ref('stg_sfa__audit_answers') }}
),

periods as (
    select * from {{ ref('int_periods') }}
    where is_closed
),

display as (
    select * from {{ ref('int_store_display_segments') }}
    where period_index >= {{ from_period() }}
),

-- a display profile given by hand and in force at period end acts here too
overrides as (
    select * from {{ ref('int_override_periods') }}
    where
        entity_type = 'store'
        and scheme = 'display'
),

final as (
    select
        visits.visit_id,
        visits.store_id,
        visits.visited_on,
        visits.period_index,
        profiles.channel,
        case
            when display.store_id is not null then coalesce(overrides.override_segment, display.segment)
        end as display_segment
    from visits
    inner join answered on visits.visit_id = answered.visit_id
    inner join profiles
        on
            visits.store_id = profiles.store_id
            and visits.period_index between profiles.first_period_index and profiles.last_period_index
    inner join periods on visits.period_index = periods.period_index
    left join display
        on
            visits.store_id = display.store_id
            and visits.period_index = display.period_index
    left join overrides
        on
            visits.store_id = overrides.entity_id
            and visits.period_index = overrides.period_index
)

select * from final
