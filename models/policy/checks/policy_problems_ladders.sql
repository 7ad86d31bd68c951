-- One row per scheme without exactly one default or with too many rule groups, and per segment out of
-- order in its scheme.
with

schemes as ({{ policy_lines('schemes') }}
),

segments as ({{ policy_lines('segments') }}
),

rules as ({{ policy_lines('segment_rules') }}
),

segment_lines as (
    select
        segments.*,
        schemes.kind,
        schemes.demotion
    from segments
    left join schemes
        on segments.entity_type = schemes.entity_type and segments.scheme = schemes.scheme
),

-- The segment of the next lower precedence and its level.
ranked as materialized (
    select
        *,
        lag(segment) over (
            partition by entity_type, scheme order by precedence nulls last, {{ bytewise('line_key') }}
        ) as lower_segment,
        lag(precedence) over (
            partition by entity_type, scheme order by precedence nulls last, {{ bytewise('line_key') }}
        ) as lower_precedence,
        lag(level) over (
            partition by entity_type, scheme order by precedence nulls last, {{ bytewise('line_key') }}
        ) as lower_level
    from segment_lines
),

default_counts as (
    select
        schemes.line_key,
        count(segments.segment) as defaults
    from schemes
    left join segments
        on
            schemes.entity_type = segments.entity_type
            and schemes.scheme = segments.scheme
            and segments.is_default
    where schemes.kind = 'rules'
    group by schemes.line_key
),

problems as (
    {{ policy_problem(
        'one_default', 'segments',
        "'the scheme has ' || case when defaults = 0 then 'no' else 'more than one' end || ' default segment'",
        "'set is_default to true for exactly one segment of the scheme'",
    ) }}
    from default_counts
    where defaults <> 1

    union all
    {{ policy_problem(
        'equal_precedence', 'segments',
        "'precedence ' || cast(precedence as " ~ dbt.type_string() ~ ") || ' is also that of ' || lower_segment",
        "'give each segment of a scheme a precedence of its own; the highest that holds wins'",
    ) }}
    from ranked
    where precedence = lower_precedence and segment <> lower_segment

    union all
    {{ policy_problem(
        'one_step_without_levels', 'segments',
        "'demotion of the scheme is one_step, but the level ' || coalesce('does not rise above that of ' || case when level is not null then lower_segment end, 'is blank')",
        "'give all segments of the scheme distinct levels that ascend with precedence, or use demotion direct'",
    ) }}
    from ranked
    where
        demotion = 'one_step'
        and kind = 'rules'
        and (level is null or level <= lower_level)

    union all
    {{ policy_problem(
        'too_many_rule_groups', 'segment_rules',
        "'the scheme has ' || cast(count(distinct segment || '|' || rule_group) as " ~ dbt.type_string()
        ~ ") || ' rule groups, the engine holds at most 62'",
        "'merge rule groups, or divide the scheme'",
        line_key="entity_type || '|' || scheme",
    ) }}
    from rules
    group by entity_type, scheme
    having count(distinct segment || '|' || rule_group) > 62
)

select * from problems
