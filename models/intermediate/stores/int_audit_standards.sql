{{ config(materialized='view') }}
with visits as (
    select * from {{ ref('int_audit_profiles') }}
),

standards as (
    select * from {{ ref('policy_perfect_store_standards') }}
),

-- the sets that have a KPI in force, by day
sets as (
    select distinct
        days.visited_on,
        standards.standard_set
    from (select distinct visited_on from visits) as days
    inner join standards
        on
            (standards.valid_from is null or days.visited_on >= standards.valid_from)
            and (standards.valid_to is null or days.visited_on < standards.valid_to)
),

judged as (
    select
        visits.visit_id,
        visits.store_id,
        visits.period_index,
        visits.visited_on,
        coalesce(display_sets.standard_set, channel_sets.standard_set, 'DEFAULT') as standard_set
    from visits
    left join sets as display_sets
        on
            visits.display_segment = display_sets.standard_set
            and visits.visited_on = display_sets.visited_on
    left join sets as channel_sets
        on
            visits.channel = channel_sets.standard_set
            and visits.visited_on = channel_sets.visited_on
),

final as (
    select
        judged.visit_id,
        judged.store_id,
        judged.period_index,
        standards.standard_set,
        standards.kpi,
        standards.kind,
        standards.weight,
        standards.target,
        standards.tolerance,
        standards.is_must_have
    from judged
    inner join standards
        on
            judged.standard_set = standards.standard_set
            and (standards.valid_from is null or judged.visited_on >= standards.valid_from)
            and (standards.valid_to is null or judged.visited_on < standards.valid_to)
)

select * from final
