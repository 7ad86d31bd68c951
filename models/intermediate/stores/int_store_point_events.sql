{{ config(materialized='periodic', periods='all') }}
with portal_events as (
    select * from {{ ref('base_portal__events') }}
    where
        rejection_reason is null
        -- names that are no event types of the portal
        and event_type not in ('order', 'visit_done', 'manual')
        and position('interaction:' in event_type) <> 1
),

adjustments as (
    select * from {{ ref('base_portal__points_adjustments') }}
    where rejection_reason is null
),

orders as (
    select * from {{ ref('int_documents') }}
    where is_order
),

activities as (
    select * from {{ ref('int_service_activities') }}
    where kind in ('visit', 'interaction')
),

events as (
    select
        store_id,
        period_index,
        cast(occurred_at as date) as happened_on,
        event_type as event,
        cast(null as numeric(18, 4)) as amount
    from portal_events
    union all
    select
        store_id,
        period_index,
        cast(granted_at as date) as happened_on,
        'manual' as event,
        points as amount
    from adjustments
    union all
    select
        store_id,
        period_index,
        ordered_on as happened_on,
        'order' as event,
        net_value as amount
    from orders
    union all
    select
        store_id,
        period_index,
        happened_on,
        case kind when 'visit' then 'visit_done' else 'interaction:' || channel end as event,
        null as amount
    from activities
),

final as (
    select
        events.store_id,
        events.period_index,
        events.event,
        cast(count(*) as integer) as events,
        cast(sum(events.amount) as numeric(38, 4)) as amount
    from events
    inner join {{ ref('policy_point_rules') }} as rules on events.event = rules.event
    where
        events.store_id is not null
        and events.happened_on <= {{ as_of_date() }}
        and events.period_index >= {{ from_period() }}
    group by
        events.store_id,
        events.period_index,
        events.event
)

select * from final
