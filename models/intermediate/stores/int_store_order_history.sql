with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

first_orders as (
    select * from {{ ref('int_store_first_orders') }}
),

lives as (
    select * from {{ ref('int_store_lives') }}
),

store_periods as (
    select
        windows.store_id,
        windows.period_index,
        lives.first_period_index,
        first_orders.has_ordered_since_period_index,
        first_orders.is_first_order_known,
        first_orders.customer_period_index,
        windows.period_index >= first_orders.has_ordered_since_period_index as has_ordered,
        coalesce(
            max(case when windows.orders > 0 then windows.period_index end) over (
                partition by windows.store_id
                order by windows.period_index
                rows between unbounded preceding and current row
            ),
            first_orders.order_before_life_period_index
        ) as last_order_period_index,
        -- the period in which it began to order says nothing about ordering again
        case
            when windows.orders > 0 and windows.period_index > first_orders.has_ordered_since_period_index then 1
            else 0
        end as is_repeat_period
    from windows
    inner join first_orders on windows.store_id = first_orders.store_id
    inner join lives on windows.store_id = lives.store_id
),

repeats as (
    select
        *,
        {{ trailing_sum('is_repeat_period', 'year', 'store_id') }} as repeat_periods,
        least(
            {{ window_length('year') }},
            period_index - has_ordered_since_period_index,
            period_index - first_period_index + 1
        ) as possible_periods
    from store_periods
),

final as (
    select
        store_id,
        period_index,
        case when has_ordered then 1 else 0 end as has_ordered,
        case when has_ordered and is_first_order_known then period_index - has_ordered_since_period_index end
            as periods_since_first_order,
        case when has_ordered then period_index - coalesce(last_order_period_index, customer_period_index) end
            as periods_since_last_order,
        cast(
            case
                when has_ordered and possible_periods > 0
                    then {{ exact_ratio('repeat_periods', 'possible_periods') }}
            end
            as numeric(18, 6)
        ) as repeat_order_rate_year
    from repeats
)

select * from final
