with customers as (
    select * from {{ source('northwind', 'stores') }}
),

final as (
    select
        customer_id as store_id,
        company_name as store_name,
        -- orders, tariffs and languages go by country; the source's own region is a state or empty
        country as region,
        city,
        phone as contact_phone
    from customers
)

select * from final
