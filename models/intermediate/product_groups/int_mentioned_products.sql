with

products as (
    select * from {{ ref('stg_erp__products') }}
),

orders as (
    select * from {{ ref('stg_erp__orders') }}
),

-- few products lack a master: only their lines meet the orders
lines_without_master as (
    select
        order_lines.order_id,
        order_lines.product_id
    from {{ ref('stg_erp__order_lines') }} as order_lines
    left join products on order_lines.product_id = products.product_id
    where products.product_id is null
),

mentioned as (
    select lines_without_master.product_id
    from lines_without_master
    inner join orders on lines_without_master.order_id = orders.order_id
    where cast(orders.ordered_at as date) <= {{ as_of_date() }}
    union
    {{ mentioned_members('product_id', {
        'erp_complaints': ('product_id', 'opened_at'),
        'erp_stock_levels': ('product_id', 'stock_date'),
        'market_epos_sales': ('product_id', 'sold_on'),
    }) }}
),

final as (
    select mentioned.product_id
    from mentioned
    left join products on mentioned.product_id = products.product_id
    where mentioned.product_id is not null and products.product_id is null
)

select * from final
