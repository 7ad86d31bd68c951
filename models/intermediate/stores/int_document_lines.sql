{{ config(materialized='view') }}
with lines as (
    select * from {{ ref('base_erp__order_lines') }}
    where rejection_reason is null
),

-- few documents are no orders: only those are looked up (distinct as they are, it says to DuckDB that they are few, and
-- by themselves first: however a reader filters the lines, they stay the longer side of the join)
documents_without_order as {{ joined_first() }} (
    select distinct order_id
    from {{ ref('int_documents') }}
    where not is_order
),

final as (
    select
        lines.order_id,
        lines.line_number,
        lines.store_id,
        lines.product_id,
        lines.ordered_on,
        lines.period_index,
        lines.quantity,
        lines.net_amount,
        documents_without_order.order_id is null as is_order
    from lines
    left join documents_without_order on lines.order_id = documents_without_order.order_id
    where
        lines.status <> 'cancelled'
        and lines.ordered_on <= {{ as_of_date() }}
        -- a positive line of a returned document was reversed on the spot
        and (lines.status <> 'returned' or lines.net_amount < 0)
)

select * from final
