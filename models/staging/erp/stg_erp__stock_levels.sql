with

judged as (
    select * from {{ ref('base_erp__stock_levels') }}
),

usable as (
    select
        product_id,
        warehouse_id,
        stock_date,
        quantity,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
