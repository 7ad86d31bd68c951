{{ config(materialized='view') }}
with visits as (
    select * from {{ ref('int_audit_profiles') }}
),

standards as (
    select * from {{ ref('policy_perfect_store_standards') }}
),

candidates as (
    select
        visit_id,
        visited_on,
        display_segment as standard_set,
        1 as preference
    from visits
    where display_segment is not null
    union all
    select
        visit_id,
        visited_on,
        channel as standard_set,
        2 as preference
    from visits
    where channel is not null
    union all
    select
        visit_id,
        visited_on,
        'DEFAULT' as standard_set,
        3 as preference
    from visits
),

-- every KPI that some candidate set has in force on the visit's day
in_force as (
    select
        candidates.visit_id,
        candidates.preference,
        standards.standard_set,
        standards.kpi,
        standards.kind,
        standards.weight,
        standards.target,
        standards.tolerance,
        standards.is_must_have,
        min(candidates.preference) over (partition by candidates.visit_id) as first_preference
    from candidates
    inner join standards
        on
            candidates.standard_set = standards.standard_set
            and (standards.valid_from is null or candidates.visited_on >= standards.valid_from)
            and (standards.valid_to is null or candidates.visited_on < standards.valid_to)
),

final as (
    select
        visits.visit_id,
        visits.store_id,
        visits.period_index,
        in_force.standard_set,
        in_force.kpi,
        in_force.kind,
        in_force.weight,
        in_force.target,
        in_force.tolerance,
        in_force.is_must_have
    from in_force
    inner join visits on in_force.visit_id = visits.visit_id
    where in_force.preference = in_force.first_preference
)

select * from final
