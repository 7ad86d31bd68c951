{{ config(materialized='periodic', periods='all') }}
with levels as (
    select * from {{ ref('base_erp__stock_levels') }}
    where
        rejection_reason is null
        and stock_date <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

ranked as (
    select
        *,
        row_number() over (partition by product_id, warehouse_id, period_index order by stock_date desc) as recency
    from levels
),

final as (
    select
        product_id,
        warehouse_id,
        period_index,
        quantity
    from ranked
    where recency = 1
)

select * from final
