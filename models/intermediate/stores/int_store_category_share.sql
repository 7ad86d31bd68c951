{{ config(materialized='periodic') }}
{%- set look_back = window_length('quarter') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

sales as (
    select * from {{ ref('stg_market__category_sales') }}
),

measured as (
    select
        store_id,
        {{ period_index('period_start_date') }} as period_index,
        cast(sum(own_sales) as numeric(38, 4)) as own_sales,
        cast(sum(category_sales) as numeric(38, 4)) as category_sales
    from sales
    where
        period_start_date <= {{ as_of_date() }}
        and {{ period_index('period_start_date') }} >= {{ from_period(back=look_back) }}
    group by
        store_id,
        {{ period_index('period_start_date') }}
),

-- no row means not measured: the sums may stay NULL
store_periods as (
    select
        spine.store_id,
        spine.period_index,
        measured.own_sales,
        measured.category_sales
    from spine
    left join measured
        on
            spine.store_id = measured.store_id
            and spine.period_index = measured.period_index
),

windows as (
    select
        store_id,
        period_index,
        {{ trailing_sum('own_sales', 'quarter', 'store_id') }} as own_sales,
        {{ trailing_sum('category_sales', 'quarter', 'store_id') }} as category_sales
    from store_periods
),

final as (
    select
        store_id,
        period_index,
        {{ exact_ratio('own_sales', 'category_sales') }} as category_share_quarter
    from windows
)

select * from final
