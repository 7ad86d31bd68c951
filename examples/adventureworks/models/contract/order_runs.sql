with

orders as (
    select * from {{ source('adventureworks', 'orders') }}
),

sales_reps as (
    select * from {{ source('adventureworks', 'sales_reps') }}
),

-- managers (territory 11, the head office) step in for a day and take no reseller over
numbered as (
    select
        orders.*,
        row_number() over (
            partition by orders.reseller_key
            order by orders.order_date, orders.sales_order_number
        ) as place
    from orders
    inner join sales_reps on orders.employee_key = sales_reps.employee_key
    where sales_reps.sales_territory_key <> 11
),

starts as (
    select
        numbered.*,
        case when earlier.employee_key = numbered.employee_key then 0 else 1 end as is_start
    from numbered
    left join numbered as earlier
        on numbered.reseller_key = earlier.reseller_key and numbered.place = earlier.place + 1
),

runs as (
    select
        *,
        cast(sum(is_start) over (
            partition by reseller_key
            order by place
            rows between unbounded preceding and current row
        ) as integer) as run_number
    from starts
),

final as (
    select
        reseller_key,
        run_number,
        employee_key,
        max(sales_territory_key) as sales_territory_key,
        min(order_date) as first_order_on,
        max(order_date) as last_order_on
    from runs
    group by reseller_key, run_number, employee_key
)

select * from final
