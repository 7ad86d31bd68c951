with

judged as (
    select * from {{ ref('base_sfa__store_attributes') }}
),

usable as (
    select
        store_id,
        attribute,
        value,
        recorded_at,
        recorded_by,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
