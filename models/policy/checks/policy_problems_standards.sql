-- One row per line of perfect_store_standards.csv that cannot score an answer.
with

standards as ({{ policy_lines('perfect_store_standards') }}
),

problems as (
    {{ policy_problem(
        'weight_not_positive', 'perfect_store_standards',
        "'weight is ' || cast(weight as " ~ dbt.type_string() ~ ")",
        "'use a weight above 0, or remove the line'",
    ) }}
    from standards
    where weight <= 0

    union all
    {{ policy_problem(
        'target_missing', 'perfect_store_standards',
        "'kind ' || kind || ' needs a target'",
        "'fill in target (only yes_no has none)'",
    ) }}
    from standards
    where kind in ('at_least', 'at_most', 'within') and target is null

    union all
    {{ policy_problem(
        'bad_tolerance', 'perfect_store_standards',
        "'kind within needs a tolerance of 0 or more'",
        "'fill in tolerance in the unit of the KPI'",
    ) }}
    from standards
    where kind = 'within' and coalesce(tolerance, -1) < 0
)

select * from problems
