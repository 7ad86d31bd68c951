{{ config(materialized='view') }}
with windows as (
    select * from {{ ref('int_product_group_windows') }}
),

ranked as (
    select
        product_group_id,
        period_index,
        {%- for window in window_names() %}
        sales_{{ window }},
        {%- endfor %}
        sales_year_before,
        costed_value_year,
        cost_year,
        {{ ranking_columns('sales_year', 'product_group_id', 'period_index, level') }}
    from windows
),

final as (
    select
        product_group_id,
        period_index,
        {%- for window in window_names() %}
        sales_{{ window }},
        {%- endfor %}
        cast(case
            when sales_year_before > 0
                then {{ exact_ratio('sales_year - sales_year_before', 'sales_year_before') }}
        end as numeric(18, 6)) as sales_growth_year,
        cast(case
            when sales_year > 0 then {{ exact_ratio('value_above', 'value_total') }}
            else 1
        end as numeric(18, 6)) as revenue_share_above_year,
        cast(case
            when costed_value_year > 0
                then {{ exact_ratio('costed_value_year - cost_year', 'costed_value_year', decimals=10) }}
        end as numeric(18, 6)) as margin_rate_year
    from ranked
)

select * from final
