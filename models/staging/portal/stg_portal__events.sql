with

judged as (
    select * from {{ ref('base_portal__events') }}
),

usable as (
    select
        event_id,
        store_id,
        occurred_at,
        event_type,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
