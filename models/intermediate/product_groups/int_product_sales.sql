{{ config(materialized='periodic', periods='all') }}
with lines as (
    select * from {{ ref('int_document_lines') }}
    where period_index >= {{ from_period() }}
),

final as (
    select
        -- empty: a line without a product
        coalesce(product_id, '') as product_id,
        period_index,
        cast(sum(net_amount) as numeric(38, 4)) as net_value,
        cast(sum(quantity) as numeric(38, 4)) as quantity,
        min(ordered_on) as first_line_on
    from lines
    group by
        coalesce(product_id, ''),
        period_index
)

select * from final
