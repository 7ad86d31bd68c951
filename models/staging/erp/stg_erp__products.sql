with

judged as (
    select * from {{ ref('base_erp__products') }}
),

usable as (
    select
        product_id,
        product_name,
        product_group,
        brand,
        category,
        unit_cost,
        list_price,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
