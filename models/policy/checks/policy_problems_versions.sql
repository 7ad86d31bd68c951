-- One row per line whose validity is none, overlaps that of the version before it, or leaves a gap.
with

rules as ({{ policy_lines('segment_rules') }}
),

standards as ({{ policy_lines('perfect_store_standards') }}
),

costs as ({{ policy_lines('cost_rates') }}
),

targets as ({{ policy_lines('kpi_targets') }}
),

bands as ({{ policy_lines('rfm_bands') }}
),

treatments as ({{ policy_lines('treatments') }}
),

times as ({{ policy_lines('time_rates') }}
),

versions as materialized (
    {{ version_pairs(
        'segment_rules', 'rules',
        ['entity_type', 'scheme', 'segment', 'rule_group', 'metric', 'operator', 'scope']
    ) }}
    union all
    {{ version_pairs('perfect_store_standards', 'standards', ['standard_set', 'kpi']) }}
    union all
    {{ version_pairs('cost_rates', 'costs', ['activity', 'channel']) }}
    union all
    {{ version_pairs('kpi_targets', 'targets', ['entity_type', 'scheme', 'segment', 'kpi']) }}
    union all
    {{ version_pairs('rfm_bands', 'bands', ['measure', 'score']) }}
    union all
    {{ version_pairs('treatments', 'treatments', ['entity_type', 'scheme', 'segment', 'treatment', 'value']) }}
    union all
    {{ version_pairs('time_rates', 'times', ['activity', 'key']) }}
),

problems as (
    {{ policy_problem(
        'never_in_force', none,
        "'valid_from is not before valid_to'",
        "'valid_to is the first day on which the line no longer holds: set it after valid_from'",
    ) }}
    from versions
    where valid_from >= valid_to

    union all
    -- Equal starts are the same key: the check of duplicates names them.
    {{ policy_problem(
        'overlapping_versions', none,
        "'it begins before its earlier version has ended (' || coalesce('valid_to ' || cast(valid_to_before as "
        ~ dbt.type_string() ~ "), 'without valid_to') || ')'",
        "'set valid_to of the earlier version to ' || cast(valid_from as " ~ dbt.type_string() ~ ")",
    ) }}
    from versions
    where
        line_key <> line_key_before
        and valid_from is not null
        and coalesce(valid_to_before > valid_from, true)

    union all
    -- A standard may rest for a while: it has no memory.
    {{ policy_problem(
        'gap_between_versions', none,
        "'its earlier version ends on ' || cast(valid_to_before as " ~ dbt.type_string()
        ~ ") || ', it begins only on ' || cast(valid_from as " ~ dbt.type_string() ~ ")",
        "'let it begin when the earlier version ends; a rule that comes back after a pause is a new rule_group'",
    ) }}
    from versions
    where valid_to_before < valid_from and file = 'segment_rules.csv'
)

select * from problems
