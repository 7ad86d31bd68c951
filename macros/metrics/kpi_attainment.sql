{#- What the members of a segment were expected to reach in a period, and what they did reach. The targets are
    those in force at the period's end. Grain: entity x scheme x KPI x period. -#}
{% macro kpi_attainment(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with history as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
    where period_index >= {{ from_period() }}
),

metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
    where period_index >= {{ from_period() }}
),

{{ metric_by_name_ctes(entity_type) }}
periods as (
    select * from {{ ref('int_periods') }}
),

targets as (
    select
        targets.*,
        periods.period_index,
        {{ metric_position(entity_type, 'targets.kpi') }} as metric_position
    from {{ ref('policy_kpi_targets') }} as targets
    inner join periods
        on
            coalesce(targets.valid_from, periods.period_end_date) <= periods.period_end_date
            and (targets.valid_to is null or targets.valid_to > periods.period_end_date)
    where targets.entity_type = '{{ entity_type }}'
),

-- by itself: joined in one go with the metrics, DuckDB pairs every entity with the targets of every segment first
expected as {{ joined_first() }} (
    select
        history.{{ key }},
        history.period_index,
        history.period_start_date,
        targets.scheme,
        targets.segment,
        targets.kpi,
        targets.metric_position,
        targets.target,
        targets.direction
    from history
    inner join targets
        on
            history.scheme = targets.scheme
            and history.segment = targets.segment
            and history.period_index = targets.period_index
),

attained as (
    select
        expected.*,
        {{ metric_by_name('metric_values', 'expected') }} as actual
    from expected
    inner join metric_values
        on expected.{{ key }} = metric_values.{{ key }} and expected.period_index = metric_values.period_index
    {{- metric_by_name_joins(entity_type, 'metric_values', 'expected', name='kpi') }}
),

final as (
    select
        '{{ entity_type }}' as entity_type,
        {{ key }} as entity_id,
        period_index,
        period_start_date,
        scheme,
        segment,
        kpi,
        target,
        direction,
        actual,
        {{ exact_ratio('actual', 'target') }} as attainment,
        case when direction = 'lower_is_better' then actual <= target else actual >= target end as is_met
    from attained
)

select * from final
{% endmacro %}
