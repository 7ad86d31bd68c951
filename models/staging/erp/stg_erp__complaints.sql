with

judged as (
    select * from {{ ref('base_erp__complaints') }}
),

usable as (
    select
        complaint_id,
        store_id,
        product_id,
        channel,
        opened_at,
        closed_at,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
