with

judged as (
    select * from {{ ref('base_market__category_sales') }}
),

usable as (
    select
        store_id,
        category,
        period_start_date,
        own_sales,
        category_sales,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
