with

judged as (
    select * from {{ ref('base_sfa__visits') }}
),

usable as (
    select
        visit_id,
        store_id,
        rep_id,
        started_at,
        ended_at,
        is_planned,
        status,
        mandatory_steps,
        completed_steps,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
