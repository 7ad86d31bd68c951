with

metrics as (
    select * from {{ ref('dynamic_segmentation', 'fct_store_metrics') }}
),

stores as (
    select * from {{ source('adventureworks', 'stores') }}
),

final as (
    select
        metrics.store_id,
        metrics.period_index,
        {{ dynamic_segmentation.exact_ratio('metrics.order_value_year', 'stores.annual_sales') }}
            as share_of_annual_sales
    from metrics
    left join stores on metrics.store_id = stores.account_number
)

select * from final
