{{ config(materialized='periodic') }}
with windows as (
    select * from {{ ref('int_store_order_windows') }}
    where
        period_index >= {{ from_period() }}
        and periods_since_first_order is not null
),

periods as (
    select * from {{ ref('int_periods') }}
),

-- of a store whose first order may lie before the history nobody knows the cohort
customers as (
    select
        store_id,
        period_index,
        case when is_first_order_known then period_index - periods_since_first_order end as cohort_period_index,
        case when is_first_order_known then periods_since_first_order end as periods_since_first_order,
        orders_period,
        orders_year,
        order_value_period
    from windows
),

summed as (
    select
        cohort_period_index,
        period_index,
        periods_since_first_order,
        cast(count(*) as integer) as customers,
        cast(count(case when orders_period > 0 then 1 end) as integer) as ordering_customers,
        cast(count(case when orders_year > 0 then 1 end) as integer) as customers_of_the_year,
        cast(count(case when orders_period > 1 then 1 end) as integer) as repeating_customers,
        cast(sum(order_value_period) as numeric(38, 4)) as revenue
    from customers
    group by
        cohort_period_index,
        period_index,
        periods_since_first_order
),

final as (
    select
        {{ period_start_date('summed.cohort_period_index') }} as cohort_start_date,
        summed.period_index,
        periods.period_start_date,
        summed.periods_since_first_order,
        summed.customers,
        summed.ordering_customers,
        summed.customers_of_the_year,
        summed.repeating_customers,
        cast(summed.revenue as numeric(38, 6)) as revenue,
        {{ exact_ratio('summed.ordering_customers', 'summed.customers') }} as retention_rate,
        {{ exact_ratio('summed.repeating_customers', 'summed.ordering_customers') }} as repeat_rate
    from summed
    inner join periods on summed.period_index = periods.period_index
)

select * from final
