{#- What every condition did in a period. Grain: condition x period. -#}
{% macro segment_rule_use(entity_type) %}
with states as (
    select * from {{ ref('int_' ~ entity_type ~ '_segment_states') }}
    where period_index >= {{ from_period() }}
),

conditions as (
    select distinct
        condition_id,
        scheme,
        segment,
        rule_group,
        metric,
        operator
    from {{ ref('policy_segment_rules') }}
    where entity_type = '{{ entity_type }}'
),

counted as (
    select
        condition_id,
        period_index,
        cast(count(*) as integer) as judged,
        cast(count(value) as integer) as observed,
        cast(count(case when is_met then 1 end) as integer) as met,
        cast(count(case when is_state_change and is_met then 1 end) as integer) as entered,
        cast(count(case when is_state_change and not is_met then 1 end) as integer) as exited
    from states
    group by
        condition_id,
        period_index
),

final as (
    select
        '{{ entity_type }}' as entity_type,
        conditions.scheme,
        counted.condition_id,
        conditions.segment,
        conditions.rule_group,
        conditions.metric,
        conditions.operator,
        counted.period_index,
        counted.judged,
        counted.observed,
        counted.met,
        counted.entered,
        counted.exited
    from counted
    inner join conditions on counted.condition_id = conditions.condition_id
)

select * from final
{% endmacro %}
