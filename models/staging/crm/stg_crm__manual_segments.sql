with

judged as (
    select * from {{ ref('base_crm__manual_segments') }}
),

usable as (
    select
        entity_type,
        entity_id,
        scheme,
        segment,
        valid_from,
        valid_to,
        reason,
        set_by,
        approved_by,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
