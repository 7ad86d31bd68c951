with products as (
    select * from {{ source('northwind', 'products') }}
),

categories as (
    select * from {{ source('northwind', 'categories') }}
),

suppliers as (
    select * from {{ source('northwind', 'suppliers') }}
),

final as (
    select
        cast(products.product_id as {{ dbt.type_string() }}) as product_id,
        products.product_name,
        -- every product comes from one maker, whose name the customers know
        suppliers.company_name as brand,
        categories.category_name as category,
        cast(products.unit_price as numeric(18, 6)) as list_price
    from products
    left join categories on products.category_id = categories.category_id
    left join suppliers on products.supplier_id = suppliers.supplier_id
)

select * from final
