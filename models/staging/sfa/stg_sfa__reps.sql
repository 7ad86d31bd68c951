with

judged as (
    select * from {{ ref('base_sfa__reps') }}
),

usable as (
    select
        rep_id,
        rep_name,
        region,
        manager_id,
        hired_on,
        left_on,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
