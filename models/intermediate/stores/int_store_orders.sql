with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

final as (
    select
        store_id,
        period_index,
        {%- for window in window_names() %}
        order_value_{{ window }},
        orders_{{ window }},
        cast(
            coalesce({{ exact_ratio('order_value_' ~ window, 'orders_' ~ window) }}, 0) as numeric(18, 6)
        ) as order_value_avg_{{ window }},
        {%- endfor %}
        cast(case
            when order_value_quarter_year_ago > 0
                then {{ exact_ratio(
                    'order_value_quarter - order_value_quarter_year_ago',
                    'order_value_quarter_year_ago'
                ) }}
        end as numeric(18, 6)) as order_value_trend
    from windows
)

select * from final
