{{ config(materialized='view') }}
{%- set text = dbt.type_string() -%}
with stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

outlooks as (
    select * from {{ ref('int_store_segment_outlooks') }}
),

explanations as (
    select * from {{ ref('fct_store_explanations') }}
),

documents as (
    select * from {{ ref('int_documents') }}
    where is_order and period_index = {{ last_closed_period() }}
),

last_days as (
    select
        store_id,
        {{ exact_ratio(
            'cast(sum(case when ordered_on > ' ~ add_days(period_end_date('period_index'), '-' ~ var('bunching_days', 5))
            ~ ' then net_value else 0 end) as numeric(38, 4))', 'cast(sum(net_value) as numeric(38, 4))'
        ) }} as share_of_value
    from documents
    group by
        store_id,
        period_index
),

-- just above the threshold of its segment by orders of the last days
bunched as (
    select
        outlooks.store_id,
        outlooks.scheme,
        'orders_bunched' as signal,
        cast(outlooks.period_index as {{ text }}) as occasion,
        cast(cast(round(100 * last_days.share_of_value) as integer) as {{ text }}) || ' %' as detail
    from outlooks
    inner join explanations
        on
            outlooks.store_id = explanations.store_id
            and outlooks.scheme = explanations.scheme
            and outlooks.segment = explanations.segment
    inner join last_days on outlooks.store_id = last_days.store_id
    where
        outlooks.holds
        and outlooks.metric like 'order%'
        and outlooks.operator in ('>=', '>')
        and outlooks.value - outlooks.enter_threshold between 0
        and cast(outlooks.enter_threshold as numeric(38, 6)) * {{ var('near_threshold_share', 0.05) }}
        and last_days.share_of_value >= {{ var('bunching_share', 0.5) }}
),

final as (
    select
        'store' as entity_type,
        bunched.store_id as entity_id,
        bunched.scheme,
        bunched.signal,
        bunched.occasion,
        cast(null as {{ text }}) as from_segment,
        cast(null as {{ text }}) as to_segment,
        cast(null as date) as due_on,
        bunched.detail
    from bunched
    inner join stores on bunched.store_id = stores.store_id
)

select * from final
