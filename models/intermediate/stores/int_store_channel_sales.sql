{{ config(materialized='periodic', periods='all') }}
with documents as (
    select * from {{ ref('int_documents') }}
    where period_index >= {{ from_period() }}
),

final as (
    select
        store_id,
        period_index,
        coalesce(order_channel, 'unknown') as order_channel,
        cast(sum(net_value) as numeric(38, 4)) as net_value,
        cast(count(case when is_order then 1 end) as integer) as orders
    from documents
    group by
        store_id,
        period_index,
        coalesce(order_channel, 'unknown')
)

select * from final
