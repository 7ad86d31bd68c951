{{ config(materialized='periodic') }}
with assignments as (
    select * from {{ ref('int_store_assignments') }}
),

stores as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period() }}
),

schemes as (
    select * from {{ ref('policy_schemes') }}
    where entity_type = 'store'
),

segments as (
    select * from {{ ref('fct_store_segment_history') }}
    where period_index >= {{ from_period() }}
),

-- distinct: a store may be assigned to the same rep by two lines
assigned as (
    select distinct
        assignments.rep_id,
        stores.store_id,
        stores.period_index
    from assignments
    inner join stores
        on
            assignments.store_id = stores.store_id
            and assignments.first_period_index <= stores.period_index
            and (assignments.last_period_index is null or assignments.last_period_index >= stores.period_index)
),

-- where the scheme does not exist every assigned store is a client
client_scheme as (
    select count(*) > 0 as exists_in_policy
    from schemes
    where scheme = '{{ var("client_scheme", "lifecycle") }}'
),

client_segments as (
    select
        store_id,
        period_index
    from segments
    where
        scheme = '{{ var("client_scheme", "lifecycle") }}'
        and segment in ({{ quoted_list(var('client_segments', ['NEW', 'ACTIVE', 'KEY'])) }})
),

top_segments as (
    select
        store_id,
        period_index
    from segments
    where
        scheme = '{{ var("top_client_scheme", "perfect_store") }}'
        and segment = '{{ var("top_client_segment", "TOP") }}'
),

final as (
    select
        assigned.rep_id,
        assigned.store_id,
        assigned.period_index,
        top_segments.store_id is not null as is_top
    from assigned
    cross join client_scheme
    left join client_segments
        on
            assigned.store_id = client_segments.store_id
            and assigned.period_index = client_segments.period_index
    left join top_segments
        on
            assigned.store_id = top_segments.store_id
            and assigned.period_index = top_segments.period_index
    where client_segments.store_id is not null or not client_scheme.exists_in_policy
)

select * from final
