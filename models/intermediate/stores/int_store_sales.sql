{{ config(materialized='periodic', periods='all') }}
with documents as (
    select * from {{ ref('int_documents') }}
    where period_index >= {{ from_period() }}
),

final as (
    select
        store_id,
        period_index,
        cast(sum(net_value) as numeric(38, 4)) as net_value,
        cast(count(*) as integer) as documents,
        cast(count(case when is_order then 1 end) as integer) as orders,
        {%- for channel in order_channels() %}
        cast(count(case when is_order and order_channel = '{{ channel }}' then 1 end) as integer)
            as orders_{{ channel }},
        {%- endfor %}
        -- a supplier is the distributor who delivered; none: we did
        cast(count(case when is_order and supplier_id is not null then 1 end) as integer) as orders_distributor,
        min(ordered_on) as first_document_on
    from documents
    group by store_id, period_index
)

select * from final
