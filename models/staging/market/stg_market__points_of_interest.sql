with

judged as (
    select * from {{ ref('base_market__points_of_interest') }}
),

usable as (
    select
        poi_id,
        poi_type,
        latitude,
        longitude,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
