with

reps as (
    select * from {{ ref('stg_sfa__reps') }}
),

assignments as (
    select * from {{ ref('stg_sfa__store_assignments') }}
),

mentioned as (
    select * from {{ ref('int_mentioned_reps') }}
),

master_versions as (
    {{ usable_versions('sfa_reps', ['rep_id']) }}
),

assignment_versions as (
    {{ usable_versions('sfa_store_assignments', ['store_id', 'rep_id', 'valid_from']) }}
),

-- a row without loaded_at may be the oldest: then nobody knows since when
known_by_master as (
    select
        rep_id,
        case when count(*) = count(loaded_at) then min(loaded_at) end as known_since
    from master_versions
    group by rep_id
),

known_by_assignment as (
    select
        rep_id,
        case when count(*) = count(loaded_at) then min(loaded_at) end as known_since
    from assignment_versions
    group by rep_id
),

members as (
    select rep_id from reps
    union
    select rep_id from assignments
    union
    select rep_id from mentioned
),

final as (
    select
        members.rep_id,
        reps.rep_name,
        reps.region,
        reps.manager_id,
        reps.hired_on,
        reps.left_on,
        reps.rep_id is null as is_inferred,
        case
            when known_by_master.rep_id is not null then known_by_master.known_since
            else known_by_assignment.known_since
        end as known_since,
        known_by_master.rep_id is not null or known_by_assignment.rep_id is not null as is_known
    from members
    left join reps on members.rep_id = reps.rep_id
    left join known_by_master on members.rep_id = known_by_master.rep_id
    left join known_by_assignment on members.rep_id = known_by_assignment.rep_id
)

select * from final
