{{ config(materialized='periodic', periods='all') }}
with activities as (
    select * from {{ ref('int_service_activities') }}
    where period_index >= {{ from_period() }}
),

final as (
    select
        kind,
        coalesce(channel, 'unknown') as channel,
        period_index,
        {{ period_start_date('period_index') }} as period_start_date,
        cast(count(*) as integer) as contacts,
        cast(count(distinct store_id) as integer) as stores,
        {{ exact_ratio('cast(sum(seconds) as numeric(38, 4))', '60') }} as minutes
    from activities
    group by
        kind,
        coalesce(channel, 'unknown'),
        period_index
)

select * from final
