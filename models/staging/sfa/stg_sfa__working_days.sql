with

judged as (
    select * from {{ ref('base_sfa__working_days') }}
),

usable as (
    select
        rep_id,
        work_date,
        minutes_worked,
        is_day_off,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
