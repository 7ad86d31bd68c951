with

judged as (
    select * from {{ ref('base_market__external_metrics') }}
),

usable as (
    select
        entity_type,
        entity_id,
        metric,
        measured_on,
        value,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
