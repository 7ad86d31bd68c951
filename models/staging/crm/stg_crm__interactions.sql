with

judged as (
    select * from {{ ref('base_crm__interactions') }}
),

usable as (
    select
        interaction_id,
        store_id,
        occurred_at,
        channel,
        minutes,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
