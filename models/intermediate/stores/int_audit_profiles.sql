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

manual_segments as (
    select * from {{ ref('stg_crm__manual_segments') }}
    where
        entity_type = 'store'
        and scheme = 'display'
),

visited as (
    select
        visits.visit_id,
        visits.store_id,
        visits.visited_on,
        visits.period_index,
        spine.period_end_date
    from visits
    inner join answered on visits.visit_id = answered.visit_id
    inner join spine
        on
            visits.store_id = spine.store_id
            and visits.period_index = spine.period_index
),

-- a display profile given by hand and in force at period end acts here too
overrides as (
    select
        visited.visit_id,
        manual_segments.segment,
        row_number() over (
            partition by visited.visit_id
            order by
                manual_segments.valid_from desc,
                manual_segments.loaded_at desc nulls last,
                {{ bytewise('manual_segments.segment') }}
        ) as preference
    from visited
    inner join manual_segments
        on
            visited.store_id = manual_segments.entity_id
            and visited.period_end_date >= manual_segments.valid_from
            and (manual_segments.valid_to is null or visited.period_end_date < manual_segments.valid_to)
),

final as (
    select
        visited.visit_id,
        visited.store_id,
        visited.visited_on,
        visited.period_index,
        stores.channel,
        case when display.store_id is not null then coalesce(overrides.segment, display.segment) end as display_segment
    from visited
    inner join stores on visited.store_id = stores.store_id
    left join display
        on
            visited.store_id = display.store_id
            and visited.period_index = display.period_index
    left join overrides
        on
            visited.visit_id = overrides.visit_id
            and overrides.preference = 1
)

select * from final
