-- One row per scheme whose own line cannot work.
with

schemes as ({{ policy_lines('schemes') }}
),

attributes as ({{ known_attributes_rows() }}
),

classifications as ({{ known_classifications_rows() }}
),

applied as materialized (
    select
        *,
        trim(split_part(applies_to, '=', 1)) as applies_to_attribute,
        coalesce(position('=' in applies_to), 0) as equals_sign_at
    from schemes
),

problems as (
    {{ policy_problem(
        'bad_applies_to', 'schemes',
        "'applies_to is \"' || applies_to || '\"'",
        "'write attribute=value, or leave it blank for all'",
    ) }}
    from applied
    where
        applies_to is not null
        and (equals_sign_at < 2 or trim(substr(applies_to, equals_sign_at + 1)) = '')

    union all
    {{ policy_problem(
        'unknown_attribute', 'schemes',
        "'applies_to names the attribute \"' || applied.applies_to_attribute || '\", which a ' || applied.entity_type || ' does not have'",
        "'use an attribute of int_' || applied.entity_type || '_attributes'",
        line_key='applied.line_key',
    ) }}
    from applied
    left join attributes
        on
            applied.entity_type = attributes.entity_type
            and applied.applies_to_attribute = attributes.attribute
    where applied.equals_sign_at > 1 and attributes.attribute is null

    union all
    {{ policy_problem(
        'unknown_attribute', 'schemes',
        "'scope_attribute is \"' || applied.scope_attribute || '\", which a ' || applied.entity_type || ' does not have'",
        "'use an attribute of int_' || applied.entity_type || '_attributes, or leave it blank'",
        line_key='applied.line_key',
    ) }}
    from applied
    left join attributes
        on
            applied.entity_type = attributes.entity_type
            and applied.scope_attribute = attributes.attribute
    where applied.scope_attribute is not null and attributes.attribute is null

    union all
    {{ policy_problem(
        'bad_moved_share', 'schemes',
        "'max_moved_share is ' || cast(max_moved_share as " ~ dbt.type_string() ~ ")",
        "'use a share above 0 and up to 1 (0.2 is 20 %), or leave it blank'",
    ) }}
    from applied
    where max_moved_share <= 0 or max_moved_share > 1

    union all
    {{ policy_problem(
        'classification_without_model', 'schemes',
        "'no model names the segments of this classification'",
        "'write kind rules, or list its model in var extra_classification_models'",
        line_key='applied.line_key',
    ) }}
    from applied
    left join classifications
        on
            applied.entity_type = classifications.entity_type
            and applied.scheme = classifications.scheme
    where applied.kind = 'classification' and classifications.scheme is null
)

select * from problems
