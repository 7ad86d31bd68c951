with lines as (
    select * from {{ ref('int_document_lines') }}
),

final as (
    select
        store_id,
        -- empty: a line without a product
        coalesce(product_id, '') as product_id,
        period_index,
        cast(sum(net_amount) as numeric(38, 4)) as net_value,
        cast(sum(quantity) as numeric(38, 4)) as quantity,
        max(case when is_order and coalesce(quantity, net_amount) > 0 then 1 else 0 end) = 1 as has_bought,
        min(ordered_on) as first_line_on
    from lines
    group by
        store_id,
        coalesce(product_id, ''),
        period_index
)

select * from final
