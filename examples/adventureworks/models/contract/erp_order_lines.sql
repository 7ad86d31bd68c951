with

order_lines as (
    select * from {{ source('adventureworks', 'order_lines') }}
),

products as (
    select * from {{ source('adventureworks', 'products') }}
),

final as (
    select
        order_lines.sales_order_number as order_id,
        order_lines.sales_order_line_number as line_number,
        products.product_number as product_id,
        order_lines.order_quantity as quantity,
        order_lines.sales_amount as net_amount,
        order_lines.discount_amount
    from order_lines
    inner join products on order_lines.product_key = products.product_key
)

select * from final
