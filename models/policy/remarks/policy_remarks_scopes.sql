-- One row per policy line that speaks of a value no entity has: it does nothing, or it is mistyped.
-- depends_on: {{ ref('policy_gate') }}
with

rules as ({{ policy_lines('segment_rules') }}
),

schemes as ({{ policy_lines('schemes') }}
),

attributes as ({{ policy_attributes() }}
),

named_values as (
    select
        'segment_rules.csv' as file,
        rules.line_key,
        rules.entity_type,
        schemes.scope_attribute as attribute,
        rules.scope as value
    from rules
    inner join schemes
        on rules.entity_type = schemes.entity_type and rules.scheme = schemes.scheme
    where rules.scope <> '*'

    union all
    select
        'schemes.csv' as file,
        line_key,
        entity_type,
        trim(split_part(applies_to, '=', 1)) as attribute,
        trim(substr(applies_to, position('=' in applies_to) + 1)) as value
    from schemes
    where applies_to is not null
),

remarks as (
    {{ policy_problem(
        'value_of_no_entity', none,
        "'no ' || named_values.entity_type || ' has ' || named_values.attribute || ' \"' || named_values.value || '\"'",
        "'correct the value, or leave the line if such a ' || named_values.entity_type || ' is to come'",
        line_key='named_values.line_key',
    ) }}
    from named_values
    left join attributes
        on
            named_values.entity_type = attributes.entity_type
            and named_values.attribute = attributes.attribute
            and named_values.value = attributes.value
    where attributes.value is null
)

select * from remarks
