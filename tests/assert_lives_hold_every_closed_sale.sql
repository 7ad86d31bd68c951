-- Every document of a closed period of history lies in the life of its store, so that the metrics mart
-- holds the same money as the store periods (without the member `unknown`, which has no life).
with sales as (
    select coalesce(sum(sales.net_value), 0) as net_value
    from {{ in_touched_periods(ref('int_store_sales')) }} as sales
    inner join {{ ref('int_periods') }} as periods on sales.period_index = periods.period_index
    where
        periods.is_closed
        and sales.store_id <> 'unknown'
),

metrics as (
    select coalesce(sum(order_value_period), 0) as net_value
    from {{ in_touched_periods(ref('fct_store_metrics')) }} as metrics
),

final as (
    select
        sales.net_value as net_value_of_sales,
        metrics.net_value as net_value_of_metrics
    from sales
    cross join metrics
    where sales.net_value <> metrics.net_value
)

select * from final
