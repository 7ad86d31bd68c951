{{ config(materialized='periodic', periods='last') }}
with customers as (
    select
        store_id,
        period_index,
        order_value_year
    from {{ ref('fct_store_metrics') }}
    where
        period_index = {{ last_closed_period() }}
        and order_value_year > 0
),

ranked as (
    select
        period_index,
        order_value_year,
        row_number() over (order by order_value_year desc, {{ bytewise('store_id') }}) as customer_rank,
        count(*) over () as customers,
        sum(order_value_year) over () as revenue
    from customers
),

-- the smallest whole per cent of customers that holds this one
percents as (
    select
        *,
        cast(ceiling(100.0 * customer_rank / customers) as integer) as customer_percent
    from ranked
),

summed as (
    select
        period_index,
        customer_percent,
        max(customer_rank) as customers_so_far,
        max(revenue) as revenue,
        min(order_value_year) as smallest_order_value_year,
        sum(sum(order_value_year)) over (order by customer_percent) as revenue_so_far
    from percents
    group by
        period_index,
        customer_percent
),

final as (
    select
        period_index,
        customer_percent,
        cast(customers_so_far as integer) as customers,
        cast(revenue_so_far as numeric(38, 6)) as revenue_year,
        {{ exact_ratio('revenue_so_far', 'revenue') }} as revenue_share,
        cast(smallest_order_value_year as numeric(18, 6)) as smallest_order_value_year
    from summed
)

select * from final
