with

judged as (
    select * from {{ ref('base_portal__points_adjustments') }}
),

usable as (
    select
        adjustment_id,
        store_id,
        points,
        granted_at,
        granted_by,
        reason,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
