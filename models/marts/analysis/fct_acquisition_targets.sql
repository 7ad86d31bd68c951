{%- set unreachable = quoted_list(var('unreachable_segments', ['BLOCKED', 'LIQUIDATED', 'COMPETITOR'])) -%}
with outlets as (
    select * from {{ ref('int_store_outlets') }}
    where
        period_index = {{ last_closed_period() }}
        and not is_served
        and potential_segment = '{{ var("acquisition_potential_segment", "HIGH") }}'
        and potential_score is not null
),

stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

lifecycles as (
    select
        store_id,
        segment
    from {{ ref('fct_store_segments_current') }}
    where scheme = 'lifecycle'
),

final as (
    select
        outlets.store_id,
        stores.store_name,
        outlets.region,
        outlets.channel,
        stores.city,
        stores.latitude,
        stores.longitude,
        outlets.potential_score,
        outlets.potential_segment,
        lifecycles.segment as lifecycle_segment,
        cast(row_number() over (
            partition by outlets.region order by outlets.potential_score desc, {{ bytewise('outlets.store_id') }}
        ) as integer) as rank_in_region
    from outlets
    inner join stores on outlets.store_id = stores.store_id
    left join lifecycles on outlets.store_id = lifecycles.store_id
    where coalesce(lifecycles.segment, '') not in ({{ unreachable }})
)

select * from final
