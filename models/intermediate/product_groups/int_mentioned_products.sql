with

products as (
    select * from {{ ref('stg_erp__products') }}
),

-- few products, of very many lines
products_of_lines as (
    select distinct product_id
    from {{ ref('base_erp__order_lines') }}
    where
        rejection_reason is null
        and ordered_on <= {{ as_of_date() }}
),

mentioned as (
    select product_id from products_of_lines
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
