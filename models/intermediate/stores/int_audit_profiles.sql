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
),

answered as (
    select distinct visit_id
    from {{ ref('stg_sfa__audit_answers') }}
),

spine as (
    select * from {{ ref('int_store_periods') }}
),

stores as (
    select * from {{ ref('int_stores') }}
),

display as (
    select * from {{ ref('int_store_display_segments') }}
),

-- a display profile given by hand and in force at period end acts here too
overrides as (
    select * from {{ ref('int_override_periods') }}
    where
        entity_type = 'store'
        and scheme = 'display'
),

visited as (
    select
        visits.visit_id,
        visits.store_id,
        visits.visited_on,
        visits.period_index
    from visits
    inner join answered on visits.visit_id = answered.visit_id
    inner join spine
        on
            visits.store_id = spine.store_id
            and visits.period_index = spine.period_index
),

final as (
    select
        visited.visit_id,
        visited.store_id,
        visited.visited_on,
        visited.period_index,
        stores.channel,
        case
            when display.store_id is not null then coalesce(overrides.override_segment, display.segment)
        end as display_segment
    from visited
    inner join stores on visited.store_id = stores.store_id
    left join display
        on
            visited.store_id = display.store_id
            and visited.period_index = display.period_index
    left join overrides
        on
            visited.store_id = overrides.entity_id
            and visited.period_index = overrides.period_index
)

select * from final
