with spine as (
    select * from {{ ref('int_store_periods') }}
),

sales as (
    select * from {{ ref('int_store_sales') }}
),

history as (
    select min(period_index) as first_period_index
    from {{ ref('int_periods') }}
),

-- no row means no order: evidence of zero
store_periods as (
    select
        spine.store_id,
        spine.period_index,
        history.first_period_index as history_first_period_index,
        coalesce(sales.net_value, 0) as net_value,
        {%- for channel in order_channels() + ['distributor'] %}
        coalesce(sales.orders_{{ channel }}, 0) as orders_{{ channel }},
        {%- endfor %}
        coalesce(sales.orders, 0) as orders
    from spine
    cross join history
    left join sales
        on
            spine.store_id = sales.store_id
            and spine.period_index = sales.period_index
),

final as (
    select
        store_id,
        period_index,
        orders,
        {%- for window in window_names() %}
        cast({{ trailing_sum('net_value', window, 'store_id') }} as numeric(38, 4)) as order_value_{{ window }},
        cast({{ trailing_sum('orders', window, 'store_id') }} as bigint) as orders_{{ window }},
        {%- endfor %}
        {%- for channel in order_channels() + ['distributor'] %}
        cast({{ trailing_sum('orders_' ~ channel, 'year', 'store_id') }} as bigint) as orders_{{ channel }}_year,
        {%- endfor %}
        -- the base of the trend, unknown where it begins before history
        cast(case
            when period_index - {{ window_length('year') + window_length('quarter') - 1 }} >= history_first_period_index
                then coalesce(
                    {{ trailing_sum('net_value', 'quarter', 'store_id', window_length('year')) }},
                    0
                )
        end as numeric(38, 4)) as order_value_quarter_year_ago
    from store_periods
)

select * from final
