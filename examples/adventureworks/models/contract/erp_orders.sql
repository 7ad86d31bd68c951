with

orders as (
    select * from {{ source('adventureworks', 'orders') }}
),

stores as (
    select * from {{ source('adventureworks', 'stores') }}
),

-- all of them are invoiced sales of a rep
final as (
    select
        orders.sales_order_number as order_id,
        stores.account_number as store_id,
        cast(orders.order_date as timestamp) as ordered_at,
        'invoiced' as status,
        'rep' as order_channel,
        cast(orders.employee_key as {{ dbt.type_string() }}) as rep_id
    from orders
    inner join stores on orders.reseller_key = stores.reseller_key
)

select * from final
