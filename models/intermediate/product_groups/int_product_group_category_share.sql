{{ config(materialized='periodic') }}
with spine as (
    select * from {{ ref('int_product_group_periods') }}
    where period_index >= {{ from_period() }}
),

measured as (
    select
        'category:' || category as product_group_id,
        {{ period_index('period_start_date') }} as period_index,
        cast(sum(own_sales) as numeric(38, 4)) as own_sales,
        cast(sum(category_sales) as numeric(38, 4)) as category_sales
    from {{ ref('stg_market__category_sales') }}
    where
        period_start_date <= {{ as_of_date() }}
        and {{ period_index('period_start_date') }} >= {{ from_period() }}
    group by
        category,
        {{ period_index('period_start_date') }}
),

final as (
    select
        spine.product_group_id,
        spine.period_index,
        {{ exact_ratio('measured.own_sales', 'measured.category_sales') }} as category_share_period
    from spine
    left join measured
        on
            spine.product_group_id = measured.product_group_id
            and spine.period_index = measured.period_index
)

select * from final
