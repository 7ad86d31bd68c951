{{ config(materialized='periodic') }}
{%- set look_back = 2 * window_length('year') - 1 -%}
with spine as (
    select * from {{ ref('int_product_group_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

sales as (
    select * from {{ ref('int_product_group_sales') }}
    where period_index >= {{ from_period(back=look_back) }}
),

levels as (
    select distinct
        product_group_id,
        level
    from {{ ref('int_product_group_nodes') }}
),

history as (
    select min(period_index) as first_period_index
    from {{ ref('int_periods') }}
),

group_periods as (
    select
        spine.product_group_id,
        levels.level,
        spine.period_index,
        history.first_period_index as history_first_period_index,
        coalesce(sales.net_value, 0) as net_value,
        coalesce(sales.costed_value, 0) as costed_value,
        coalesce(sales.cost, 0) as cost
    from spine
    inner join levels on spine.product_group_id = levels.product_group_id
    cross join history
    left join sales
        on
            spine.product_group_id = sales.product_group_id
            and spine.period_index = sales.period_index
),

final as (
    select
        product_group_id,
        level,
        period_index,
        {%- for window in window_names() %}
        cast({{ trailing_sum('net_value', window, 'product_group_id') }} as numeric(38, 4)) as sales_{{ window }},
        {%- endfor %}
        cast({{ trailing_sum('costed_value', 'year', 'product_group_id') }} as numeric(38, 4)) as costed_value_year,
        cast({{ trailing_sum('cost', 'year', 'product_group_id') }} as numeric(38, 10)) as cost_year,
        -- the base of the growth, unknown where it begins before history
        cast(case
            when period_index - {{ look_back }} >= history_first_period_index
                then coalesce(
                    {{ trailing_sum('net_value', 'year', 'product_group_id', window_length('year')) }},
                    0
                )
        end as numeric(38, 4)) as sales_year_before
    from group_periods
)

select * from final
