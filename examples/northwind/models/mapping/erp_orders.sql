with orders as (
    select * from {{ source('northwind', 'orders') }}
),

final as (
    select
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        customer_id as store_id,
        cast(order_date as timestamp) as ordered_at,
        -- invoiced when shipped; the source knows neither returns nor cancellations
        case when shipped_date is null then 'placed' else 'invoiced' end as status,
        'rep' as order_channel,
        cast(employee_id as {{ dbt.type_string() }}) as rep_id
    from orders
)

select * from final
