{{ config(materialized='periodic') }}
{#- The longest look-back is that of the trend's base. -#}
{%- set look_back = window_length('year') + window_length('quarter') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

sales as (
    select * from {{ ref('int_store_sales') }}
),

first_orders as (
    select * from {{ ref('int_store_first_orders') }}
),

-- the last order of all periods before those that the windows read
earlier_orders as (
    select
        store_id,
        max(period_index) as last_order_period_index
    from sales
    where
        orders > 0
        and period_index < {{ from_period(back=look_back) }}
    group by store_id
),

-- no row means no order: evidence of zero
store_periods as (
    select
        spine.period_index,
        first_orders.*,
        coalesce(earlier_orders.last_order_period_index, first_orders.order_before_life_period_index)
            as earlier_order_period_index,
        coalesce(sales.net_value, 0) as net_value,
        {%- for channel in order_channels() + ['distributor'] %}
        coalesce(sales.orders_{{ channel }}, 0) as orders_{{ channel }},
        {%- endfor %}
        coalesce(sales.orders, 0) as orders,
        case when sales.orders > 0 then spine.period_index end as order_period_index
    from spine
    inner join first_orders on spine.store_id = first_orders.store_id
    left join earlier_orders on spine.store_id = earlier_orders.store_id
    left join sales
        on
            spine.store_id = sales.store_id
            and spine.period_index = sales.period_index
            and sales.period_index >= {{ from_period(back=look_back) }}
),

final as (
    select
        store_id,
        period_index,
        {%- for window in window_names() %}
        cast({{ trailing_sum('net_value', window, 'store_id') }} as numeric(38, 4)) as order_value_{{ window }},
        cast({{ trailing_sum('orders', window, 'store_id') }} as bigint) as orders_{{ window }},
        {%- endfor %}
        {%- for channel in order_channels() + ['distributor'] %}
        cast({{ trailing_sum('orders_' ~ channel, 'year', 'store_id') }} as bigint) as orders_{{ channel }}_year,
        {%- endfor %}
        -- the base of the trend, unknown where it begins before history
        cast(case
            when period_index - {{ look_back }} >= history_first_period_index
                then coalesce(
                    {{ trailing_sum('net_value', 'quarter', 'store_id', window_length('year')) }},
                    0
                )
        end as numeric(38, 4)) as order_value_quarter_year_ago,
        period_index - coalesce(
            max(order_period_index) over (
                partition by store_id
                order by period_index
                rows between unbounded preceding and current row
            ),
            earlier_order_period_index,
            customer_period_index
        ) as periods_since_last_order,
        -- a period knows nothing of a first order that is still to come
        case when period_index >= has_ordered_since_period_index then period_index - has_ordered_since_period_index end
            as periods_since_first_order,
        case when period_index >= has_ordered_since_period_index then is_first_order_known end as is_first_order_known,
        -- the period in which it began to order says nothing about ordering again
        cast({{ trailing_sum(
            'case when order_period_index > has_ordered_since_period_index then 1 else 0 end', 'year', 'store_id'
        ) }} as integer) as repeat_periods,
        least(
            {{ window_length('year') }},
            case
                when period_index >= has_ordered_since_period_index then period_index - has_ordered_since_period_index
            end,
            period_index - first_period_index + 1
        ) as possible_repeat_periods
    from store_periods
)

select * from final
