{{ config(materialized='periodic', periods='all') }}
with sales as (
    select * from {{ ref('base_market__epos_sales') }}
    where
        rejection_reason is null
        and sold_on <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

final as (
    select
        store_id,
        period_index,
        cast(sum(amount) as numeric(38, 4)) as sell_out
    from sales
    group by
        store_id,
        period_index
)

select * from final
