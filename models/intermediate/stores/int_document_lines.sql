{{ config(materialized='view') }}
with documents as (
    select * from {{ ref('int_documents') }}
),

lines as (
    select * from {{ ref('stg_erp__order_lines') }}
),

final as (
    select
        lines.order_id,
        lines.line_number,
        documents.store_id,
        lines.product_id,
        documents.ordered_on,
        documents.period_index,
        lines.quantity,
        lines.net_amount,
        documents.is_order
    from lines
    inner join documents on lines.order_id = documents.order_id
    -- a positive line of a returned document was reversed on the spot
    where documents.status <> 'returned' or lines.net_amount < 0
)

select * from final
