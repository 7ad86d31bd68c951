with

products as (
    select * from {{ ref('stg_erp__products') }}
),

mentioned as (
    select * from {{ ref('int_mentioned_products') }}
),

members as (
    select product_id from products
    union
    select product_id from mentioned
),

final as (
    select
        members.product_id,
        products.product_name,
        products.product_group,
        products.brand,
        products.category,
        products.unit_cost,
        products.list_price,
        products.product_id is null as is_inferred
    from members
    left join products on members.product_id = products.product_id
)

select * from final
