-- One row per line whose validity overlaps that of the version before it or leaves a gap.
with

rules as ({{ policy_lines('segment_rules') }}
),

standards as ({{ policy_lines('perfect_store_standards') }}
),

rule_versions as (
    {{- version_pairs(
        'rules', ['entity_type', 'scheme', 'segment', 'rule_group', 'metric', 'operator', 'scope']
    ) }}
),

standard_versions as (
    {{- version_pairs('standards', ['standard_set', 'kpi']) }}
),

-- Equal starts are the same key: that is the check of duplicates.
problems as (
    {{ policy_problem(
        'overlapping_versions', 'segment_rules',
        "'it begins before its earlier version has ended (' || coalesce('valid_to ' || cast(valid_to_before as "
        ~ dbt.type_string() ~ "), 'without valid_to') || ')'",
        "'set valid_to of the earlier version to ' || cast(valid_from as " ~ dbt.type_string() ~ ")",
    ) }}
    from rule_versions
    where
        line_key <> line_key_before
        and valid_from is not null
        and coalesce(valid_to_before > valid_from, true)

    union all
    {{ policy_problem(
        'gap_between_versions', 'segment_rules',
        "'its earlier version ends on ' || cast(valid_to_before as " ~ dbt.type_string() ~ ") || ', it begins only on ' || cast(valid_from as "
        ~ dbt.type_string() ~ ")",
        "'let it begin when the earlier version ends; a rule that comes back after a pause is a new rule_group'",
    ) }}
    from rule_versions
    where valid_to_before < valid_from

    union all
    {{ policy_problem(
        'overlapping_versions', 'perfect_store_standards',
        "'it begins before its earlier version has ended (' || coalesce('valid_to ' || cast(valid_to_before as "
        ~ dbt.type_string() ~ "), 'without valid_to') || ')'",
        "'set valid_to of the earlier version to ' || cast(valid_from as " ~ dbt.type_string() ~ ")",
    ) }}
    from standard_versions
    where
        line_key <> line_key_before
        and valid_from is not null
        and coalesce(valid_to_before > valid_from, true)
)

select * from problems
