with

stores as (
    select * from {{ ref('stg_erp__stores') }}
),

assignments as (
    select * from {{ ref('stg_sfa__store_assignments') }}
),

mentioned as (
    select * from {{ ref('int_mentioned_stores') }}
),

master_versions as (
    {{ usable_versions('erp_stores', ['store_id']) }}
),

assignment_versions as (
    {{ usable_versions('sfa_store_assignments', ['store_id', 'rep_id', 'valid_from']) }}
),

-- a row without loaded_at may be the oldest: then nobody knows since when
known_by_master as (
    select
        store_id,
        case when count(*) = count(loaded_at) then min(loaded_at) end as known_since
    from master_versions
    group by store_id
),

known_by_assignment as (
    select
        store_id,
        case when count(*) = count(loaded_at) then min(loaded_at) end as known_since
    from assignment_versions
    group by store_id
),

members as (
    select store_id from stores
    union
    select store_id from assignments
    union
    select store_id from mentioned
),

final as (
    select
        members.store_id,
        stores.store_name,
        stores.channel,
        stores.store_group_path,
        stores.legal_type,
        stores.industry,
        stores.region,
        stores.city,
        stores.latitude,
        stores.longitude,
        stores.opened_on,
        stores.closed_on,
        stores.customer_since,
        stores.is_served,
        stores.store_id is null as is_inferred,
        case
            when known_by_master.store_id is not null then known_by_master.known_since
            else known_by_assignment.known_since
        end as known_since,
        known_by_master.store_id is not null or known_by_assignment.store_id is not null as is_known
    from members
    left join stores on members.store_id = stores.store_id
    left join known_by_master on members.store_id = known_by_master.store_id
    left join known_by_assignment on members.store_id = known_by_assignment.store_id
    -- the member of documents without a store is in no segmentation
    where members.store_id <> 'unknown'
)

select * from final
