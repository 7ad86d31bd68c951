-- One row per line of the files of treatments, times, signals and texts that cannot be acted on.
with

types as ({{ policy_lines('treatment_types') }}
),

treatments as ({{ policy_lines('treatments') }}
),

rates as ({{ policy_lines('time_rates') }}
),

signals as ({{ policy_lines('signals') }}
),

treatment_lines as (
    select
        treatments.*,
        types.treatment as known_treatment,
        types.combine
    from treatments
    left join types on treatments.treatment = types.treatment
),

activities as (
    select 'visit' as activity
    union all
    select 'travel' as activity
    union all
    select 'working_day' as activity
),

problems as (
    {{ policy_problem(
        'unknown_treatment', 'treatments',
        "'treatment \"' || treatment || '\" is not in treatment_types.csv'",
        "'add its line to treatment_types.csv, or correct the name'",
    ) }}
    from treatment_lines
    where known_treatment is null and treatment is not null

    union all
    {{ policy_problem(
        'value_not_a_number', 'treatments',
        "'value \"' || value || '\" cannot be combined by ' || combine",
        "'write a number, or combine the treatment by union or priority'",
    ) }}
    from treatment_lines
    where combine in ('max', 'min', 'sum') and value is not null and {{ policy_number('value') }} is null

    union all
    {{ policy_problem(
        'negative_cost', 'treatments',
        "'unit_cost is ' || cast(unit_cost as " ~ dbt.type_string() ~ ")",
        "'use a cost of 0 or more'",
    ) }}
    from treatments
    where unit_cost < 0

    union all
    {{ policy_problem(
        'minutes_not_positive', 'time_rates',
        "'minutes is ' || cast(minutes as " ~ dbt.type_string() ~ ")",
        "'use more than 0 (travel: 0 or more)'",
    ) }}
    from rates
    where minutes < 0 or (minutes = 0 and activity <> 'travel')

    union all
    {{ policy_problem(
        'no_default_minutes', 'time_rates',
        "'no line of ' || activities.activity || ' with key * holds from ever and for ever'",
        "'add one: it holds for all that have no line of their own'",
        line_key="activities.activity || '|*|'",
    ) }}
    from activities
    left join rates on activities.activity = rates.activity and rates.key = '*'
    group by activities.activity
    -- versions of it: one from ever, one for ever
    having
        count(case when rates.activity is not null and rates.valid_from is null then 1 end) = 0
        or count(case when rates.activity is not null and rates.valid_to is null then 1 end) = 0

    union all
    {{ policy_problem(
        'unknown_recipient', 'signals',
        "'recipients is \"' || recipients || '\"'",
        "'join by ; some of: rep, manager, product_owner; blank alerts nobody'",
    ) }}
    from signals
    where not {{ matches('recipients', '^(rep|manager|product_owner)(;(rep|manager|product_owner))*$') }}
)

select * from problems
