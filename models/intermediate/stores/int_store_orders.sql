{{ config(materialized='view') }}
with ranked as (
    select * from {{ ref('int_store_revenue_ranks') }}
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
        end as numeric(18, 6)) as order_value_trend,
        case when periods_since_first_order >= 0 then 1 else 0 end as has_ordered,
        case when periods_since_first_order >= 0 and is_first_order_known then periods_since_first_order end
            as periods_since_first_order,
        case when periods_since_first_order >= 0 then periods_since_last_order end as periods_since_last_order,
        cast(
            case
                when periods_since_first_order >= 0 and possible_repeat_periods > 0
                    then {{ exact_ratio('repeat_periods', 'possible_repeat_periods') }}
            end
            as numeric(18, 6)
        ) as repeat_order_rate_year,
        {%- for channel in order_channels() + ['distributor'] %}
        {{ exact_ratio('orders_' ~ channel ~ '_year', 'orders_year') }} as share_orders_{{ channel }}_year,
        {%- endfor %}
        revenue_share_above_year,
        revenue_rank_share_year
    from ranked
)

select * from final
