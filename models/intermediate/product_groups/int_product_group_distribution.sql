{{ config(materialized='periodic') }}
with spine as (
    select * from {{ ref('int_product_group_periods') }}
    where period_index >= {{ from_period() }}
),

buyers as (
    select * from {{ ref('int_product_group_buyers') }}
    where period_index >= {{ from_period() }}
),

-- stores alive with any order in the trailing quarter
totals as (
    select
        period_index,
        count(*) as stores,
        cast(sum(greatest(order_value_year, 0)) as numeric(38, 4)) as weight
    from {{ ref('int_store_order_windows') }}
    where
        orders_quarter > 0
        and period_index >= {{ from_period() }}
    group by period_index
),

final as (
    select
        spine.product_group_id,
        spine.period_index,
        {{ exact_ratio('coalesce(buyers.stores, 0)', 'totals.stores') }} as numeric_distribution,
        {{ exact_ratio('coalesce(buyers.weight, 0)', 'totals.weight') }} as weighted_distribution
    from spine
    left join totals on spine.period_index = totals.period_index
    left join buyers
        on
            spine.product_group_id = buyers.product_group_id
            and spine.period_index = buyers.period_index
)

select * from final
