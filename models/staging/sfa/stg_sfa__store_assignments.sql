with

judged as (
    select * from {{ ref('base_sfa__store_assignments') }}
),

usable as (
    select
        store_id,
        rep_id,
        valid_from,
        valid_to,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
