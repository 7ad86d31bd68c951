with

judged as (
    select * from {{ ref('base_market__epos_sales') }}
),

usable as (
    select
        store_id,
        product_id,
        sold_on,
        quantity,
        amount,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
