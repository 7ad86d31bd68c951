with order_lines as (
    select * from {{ source('northwind', 'order_lines') }}
),

-- the source has binary floats: two decimals are all that prices and discounts have, and their product is exact
exact_lines as (
    select
        order_id,
        product_id,
        quantity,
        cast(unit_price as numeric(10, 2)) as unit_price,
        cast(discount as numeric(4, 2)) as discount
    from order_lines
),

final as (
    select
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        -- an order holds a product once
        cast(product_id as integer) as line_number,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(quantity as numeric(18, 4)) as quantity,
        cast(unit_price * quantity * (1 - discount) as numeric(18, 4)) as net_amount,
        cast(unit_price * quantity * discount as numeric(18, 4)) as discount_amount
    from exact_lines
)

select * from final
