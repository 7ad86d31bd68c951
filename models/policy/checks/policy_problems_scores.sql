-- One row per line of the files of scores, points and costs that cannot be reckoned with.
with

weights as ({{ policy_lines('score_weights') }}
),

points as ({{ policy_lines('point_rules') }}
),

costs as ({{ policy_lines('cost_rates') }}
),

problems as (
    {{ policy_problem(
        'weight_not_positive', 'score_weights',
        "'weight is ' || cast(weight as " ~ dbt.type_string() ~ ")",
        "'use a weight above 0, or remove the line'",
    ) }}
    from weights
    where weight <= 0

    union all
    {{ policy_problem(
        'bad_range', 'score_weights',
        "'floor ' || cast(floor as " ~ dbt.type_string() ~ ") || ' is not below ceiling ' || cast(ceiling as "
        ~ dbt.type_string() ~ ")",
        "'set floor below ceiling; what is better when lower has direction lower_is_better'",
    ) }}
    from weights
    where floor >= ceiling

    union all
    {{ policy_problem(
        'not_a_share', 'score_weights',
        "'missing is ' || cast(missing as " ~ dbt.type_string() ~ ")",
        "'use a number from 0 to 1'",
    ) }}
    from weights
    where missing < 0 or missing > 1

    union all
    {{ policy_problem(
        'not_a_share', 'point_rules',
        "'decay_per_period is ' || cast(decay_per_period as " ~ dbt.type_string() ~ ")",
        "'use a number from 0 to 1: the share that is lost with every period'",
    ) }}
    from points
    where decay_per_period < 0 or decay_per_period > 1

    union all
    {{ policy_problem(
        'bad_cap', 'point_rules',
        "'cap_per_period is ' || cast(cap_per_period as " ~ dbt.type_string() ~ ")",
        "'use a number of 0 or more, or leave it blank'",
    ) }}
    from points
    where cap_per_period < 0

    union all
    {{ policy_problem(
        'bad_per', 'point_rules',
        "'per is \"' || per || '\"'",
        "'write event, or for event order an amount above 0'",
    ) }}
    from points
    where per <> 'event' and (event <> 'order' or coalesce({{ policy_number('per') }} <= 0, true))

    union all
    {{ policy_problem(
        'negative_cost', 'cost_rates',
        "'unit_cost is ' || cast(unit_cost as " ~ dbt.type_string() ~ ")",
        "'use a cost of 0 or more'",
    ) }}
    from costs
    where unit_cost < 0
)

select * from problems
