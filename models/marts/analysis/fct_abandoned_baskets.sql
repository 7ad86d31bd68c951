{{ config(materialized='periodic', periods='all') }}
{%- set abandoned = "'" ~ var('abandoned_basket_event', 'basket_abandoned') ~ "'" -%}
{%- set ordered = "'" ~ var('portal_order_event', 'order_placed') ~ "'" -%}
with events as (
    select * from {{ ref('base_portal__events') }}
    where
        rejection_reason is null
        and store_id is not null
        and cast(occurred_at as date) <= {{ as_of_date() }}
        and event_type in ({{ abandoned }}, {{ ordered }})
        and period_index >= {{ from_period() }}
),

summed as (
    select
        store_id,
        period_index,
        cast(count(case when event_type = {{ abandoned }} then 1 end) as integer) as abandoned_baskets,
        cast(count(case when event_type = {{ ordered }} then 1 end) as integer) as portal_orders,
        max(case when event_type = {{ abandoned }} then occurred_at end) as last_abandoned_at
    from events
    group by
        store_id,
        period_index
),

final as (
    select
        store_id,
        period_index,
        {{ period_start_date('period_index') }} as period_start_date,
        abandoned_baskets,
        portal_orders,
        {{ exact_ratio('abandoned_baskets', 'abandoned_baskets + portal_orders') }} as abandonment_rate,
        last_abandoned_at
    from summed
    where abandoned_baskets > 0
)

select * from final
