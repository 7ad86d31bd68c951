-- One row per line of segment_rules.csv that names what is not there or contradicts itself.
with

schemes as ({{ policy_lines('schemes') }}
),

segments as ({{ policy_lines('segments') }}
),

rules as ({{ policy_lines('segment_rules') }}
),

rule_lines as materialized (
    select
        rules.*,
        schemes.scheme as known_scheme,
        schemes.kind,
        schemes.scope_attribute,
        segments.segment as known_segment
    from rules
    left join schemes
        on rules.entity_type = schemes.entity_type and rules.scheme = schemes.scheme
    left join segments
        on
            rules.entity_type = segments.entity_type
            and rules.scheme = segments.scheme
            and rules.segment = segments.segment
),

problems as (
    {{ policy_problem(
        'unknown_scheme', 'segment_rules',
        "'scheme \"' || scheme || '\" of ' || entity_type || ' is not in schemes.csv'",
        "'add its line to schemes.csv, or correct the name'",
    ) }}
    from rule_lines
    where known_scheme is null and scheme is not null

    union all
    {{ policy_problem(
        'rules_of_classification', 'segment_rules',
        "'the scheme is a classification: its model names the segments'",
        "'remove the rule, or write kind rules in schemes.csv'",
    ) }}
    from rule_lines
    where kind = 'classification'

    union all
    {{ policy_problem(
        'unknown_segment', 'segment_rules',
        "'segment \"' || segment || '\" of ' || entity_type || ' scheme ' || scheme || ' is not in segments.csv'",
        "'add its line to segments.csv, or correct the name'",
    ) }}
    from rule_lines
    where kind = 'rules' and known_segment is null and segment is not null

    union all
    {{ policy_problem(
        'exit_on_wrong_side', 'segment_rules',
        "'exit_threshold ' || cast(exit_threshold as " ~ dbt.type_string() ~ ") || ' lies beyond enter_threshold '"
        ~ " || cast(enter_threshold as " ~ dbt.type_string() ~ ") || ' for operator ' || operator",
        "'for >= and > exit must be at most enter, for <= and < at least enter; blank is equal to enter'",
    ) }}
    from rule_lines
    where
        (operator in ('>=', '>') and exit_threshold > enter_threshold)
        or (operator in ('<=', '<') and exit_threshold < enter_threshold)

    union all
    {{ policy_problem(
        'scope_without_attribute', 'segment_rules',
        "'scope is \"' || scope || '\", but the scheme has no scope_attribute'",
        "'write * as scope, or name the scope_attribute of the scheme in schemes.csv'",
    ) }}
    from rule_lines
    where scope <> '*' and known_scheme is not null and scope_attribute is null
)

select * from problems
