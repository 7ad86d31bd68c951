with

judged as (
    select * from {{ ref('base_erp__order_lines') }}
),

usable as (
    select
        order_id,
        line_number,
        product_id,
        quantity,
        net_amount,
        discount_amount,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
