-- One row per condition of a segment that can be met while that of a lower segment is not.
-- depends_on: {{ ref('policy_gate') }}
with

rules as ({{ policy_lines('segment_rules') }}
),

segments as ({{ policy_lines('segments') }}
),

-- Turned so that higher is always harder, also where the operator asks for less.
rungs as (
    select
        rules.*,
        segments.precedence,
        case when rules.operator in ('>', '>=') then 1 else -1 end * rules.enter_threshold as enter_height,
        case when rules.operator in ('>', '>=') then 1 else -1 end
        * coalesce(rules.exit_threshold, rules.enter_threshold) as exit_height
    from rules
    inner join segments
        on
            rules.entity_type = segments.entity_type
            and rules.scheme = segments.scheme
            and rules.segment = segments.segment
),

-- Two segments of a scheme that ask the same of the same entities at the same time.
pairs as (
    select
        upper_rung.line_key,
        lower_rung.segment as lower_segment,
        upper_rung.enter_height < lower_rung.enter_height as enters_earlier,
        upper_rung.exit_height < lower_rung.exit_height as leaves_later,
        upper_rung.enter_after < lower_rung.enter_after as enters_faster,
        upper_rung.exit_after > lower_rung.exit_after as leaves_slower
    from rungs as upper_rung
    inner join rungs as lower_rung
        on
            upper_rung.entity_type = lower_rung.entity_type
            and upper_rung.scheme = lower_rung.scheme
            and upper_rung.metric = lower_rung.metric
            and upper_rung.operator = lower_rung.operator
            and upper_rung.scope = lower_rung.scope
            and upper_rung.precedence > lower_rung.precedence
    where
        coalesce(upper_rung.valid_from < lower_rung.valid_to, true)
        and coalesce(lower_rung.valid_from < upper_rung.valid_to, true)
),

remarks as (
    {{ policy_problem(
        'ladder_not_nested', 'segment_rules',
        "'it can be met while the same condition of ' || lower_segment || ' is not: '"
        ~ " || case when enters_earlier then 'enter_threshold is easier'"
        ~ " when leaves_later then 'exit_threshold is easier'"
        ~ " when enters_faster then 'enter_after is shorter'"
        ~ " else 'exit_after is longer' end",
        "'let thresholds and enter_after rise and exit_after fall with precedence, unless it is meant'",
    ) }}
    from pairs
    where enters_earlier or leaves_later or enters_faster or leaves_slower
)

select * from remarks
