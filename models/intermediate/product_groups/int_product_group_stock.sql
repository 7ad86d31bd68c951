{{ config(materialized='periodic') }}
{%- set look_back = window_length('quarter') - 1 -%}
with spine as (
    select * from {{ ref('int_product_group_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

nodes as (
    select * from {{ ref('int_product_group_nodes') }}
),

-- what a warehouse reported last holds until it reports again
stock as (
    select
        product_id,
        warehouse_id,
        period_index as first_period_index,
        lead(period_index) over (partition by product_id, warehouse_id order by period_index) - 1 as last_period_index,
        quantity
    from {{ ref('int_product_stock') }}
),

sales as (
    select * from {{ ref('int_product_group_sales') }}
    where period_index >= {{ from_period(back=look_back) }}
),

stocked as (
    select
        spine.product_group_id,
        spine.period_index,
        cast(sum(stock.quantity) as numeric(38, 4)) as stock_quantity
    from spine
    inner join nodes on spine.product_group_id = nodes.product_group_id
    inner join stock
        on
            nodes.product_id = stock.product_id
            and spine.period_index >= stock.first_period_index
            and (stock.last_period_index is null or spine.period_index <= stock.last_period_index)
    where spine.period_index >= {{ from_period() }}
    group by
        spine.product_group_id,
        spine.period_index
),

group_periods as (
    select
        spine.product_group_id,
        spine.period_index,
        spine.period_start_date,
        spine.period_end_date,
        coalesce(sales.quantity, 0) as quantity
    from spine
    left join sales
        on
            spine.product_group_id = sales.product_group_id
            and spine.period_index = sales.period_index
),

windows as (
    select
        product_group_id,
        period_index,
        cast({{ trailing_sum('quantity', 'quarter', 'product_group_id') }} as numeric(38, 4)) as quantity_quarter,
        {{ days_between(period_start_date('period_index - ' ~ look_back), 'period_end_date') }} + 1 as days
    from group_periods
),

final as (
    select
        windows.product_group_id,
        windows.period_index,
        stocked.stock_quantity,
        cast(case
            when windows.quantity_quarter > 0
                then {{ exact_ratio('stocked.stock_quantity * windows.days', 'windows.quantity_quarter') }}
        end as numeric(18, 6)) as stock_cover_days
    from windows
    left join stocked
        on
            windows.product_group_id = stocked.product_group_id
            and windows.period_index = stocked.period_index
)

select * from final
