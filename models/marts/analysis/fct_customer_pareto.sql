{{ config(materialized='periodic', periods='last') }}
with last_period as (
    select max(period_index) as period_index
    from {{ ref('int_periods') }}
    where is_closed
),

customers as (
    select
        metrics.store_id,
        metrics.period_index,
        metrics.order_value_year
    from {{ ref('fct_store_metrics') }} as metrics
    inner join last_period on metrics.period_index = last_period.period_index
    where metrics.order_value_year > 0
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
