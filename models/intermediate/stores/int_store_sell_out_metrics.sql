{{ config(materialized='periodic') }}
{%- set look_back = window_length('quarter') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

sales as (
    select * from {{ ref('int_store_sell_out') }}
    where period_index >= {{ from_period(back=look_back) }}
),

sell_in as (
    select
        store_id,
        period_index,
        order_value_quarter
    from {{ ref('int_store_order_windows') }}
    where period_index >= {{ from_period() }}
),

-- a store whose tills report nothing is not measured: no row, no zero
store_periods as (
    select
        spine.store_id,
        spine.period_index,
        sales.sell_out
    from spine
    left join sales on spine.store_id = sales.store_id and spine.period_index = sales.period_index
),

windows as (
    select
        store_id,
        period_index,
        cast({{ trailing_sum('sell_out', 'quarter', 'store_id') }} as numeric(38, 4)) as sell_out
    from store_periods
),

final as (
    select
        windows.store_id,
        windows.period_index,
        cast(windows.sell_out as numeric(18, 6)) as sell_out_quarter,
        cast(case
            when sell_in.order_value_quarter > 0
                then {{ exact_ratio('windows.sell_out', 'sell_in.order_value_quarter') }}
        end as numeric(18, 6)) as sell_through_quarter
    from windows
    inner join sell_in on windows.store_id = sell_in.store_id and windows.period_index = sell_in.period_index
)

select * from final
