with

judged as (
    select * from {{ ref('base_erp__stores') }}
),

usable as (
    select
        store_id,
        store_name,
        channel,
        store_group_path,
        legal_type,
        industry,
        region,
        city,
        latitude,
        longitude,
        opened_on,
        closed_on,
        customer_since,
        is_served,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
