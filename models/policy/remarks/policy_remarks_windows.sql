-- One row per condition whose wait is shorter than the window its metric sums over: one big order
-- stands in every window of the wait, and so confirms itself.
-- depends_on: {{ ref('policy_gate') }}
with

rules as ({{ policy_lines('segment_rules') }}
),

windows as (
    select 'quarter' as trailing_window, {{ window_length('quarter') }} as periods
    union all
    select 'year' as trailing_window, {{ window_length('year') }} as periods
),

remarks as (
    {{ policy_problem(
        'wait_within_window', 'segment_rules',
        "'enter_after ' || cast(rules.enter_after as " ~ dbt.type_string() ~ ") || ' is shorter than the ' || windows.trailing_window"
        ~ " || ' (' || cast(windows.periods as " ~ dbt.type_string() ~ ") || ' periods) of ' || rules.metric || ': one big order confirms itself'",
        "'use enter_after ' || cast(windows.periods as " ~ dbt.type_string() ~ ") || ' or more, or a metric of the period'",
        line_key='rules.line_key',
    ) }}
    from rules
    inner join windows
        on right(rules.metric, length(windows.trailing_window) + 1) = '_' || windows.trailing_window
    where rules.enter_after >= 2 and rules.enter_after < windows.periods
)

select * from remarks
