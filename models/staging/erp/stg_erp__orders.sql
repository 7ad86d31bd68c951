with

judged as (
    select * from {{ ref('base_erp__orders') }}
),

usable as (
    select
        order_id,
        store_id,
        ordered_at,
        status,
        order_channel,
        rep_id,
        supplier_id,
        currency,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
