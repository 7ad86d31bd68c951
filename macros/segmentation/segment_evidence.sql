{#- The audit trail: the state of every condition with all that decided it. The states are narrow; what
    their lines say is joined by its content. Grain: entity x condition x period. -#}
{% macro segment_evidence(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with states as (
    select * from {{ ref('int_' ~ entity_type ~ '_segment_states') }}
),

-- scopes whose lines say the same are one line here
lines as (
    select distinct
        condition_id,
        period_index,
        line_content,
        scheme,
        segment,
        rule_group,
        metric,
        operator,
        enter_threshold,
        exit_threshold,
        enter_after,
        exit_after,
        hold_periods,
        expire_after,
        is_in_force
    from {{ ref('int_rules_by_period') }}
    where entity_type = '{{ entity_type }}'
),

periods as (
    select * from {{ ref('int_periods') }}
),

final as (
    select
        states.{{ key }},
        states.period_index,
        periods.period_start_date,
        lines.scheme,
        states.condition_id,
        lines.segment,
        lines.rule_group,
        lines.metric,
        lines.operator,
        states.value,
        lines.enter_threshold,
        lines.exit_threshold,
        lines.enter_after,
        lines.exit_after,
        lines.hold_periods,
        lines.expire_after,
        lines.is_in_force,
        states.value is not null and states.streak > 0 as qualifies,
        greatest(states.streak, 0) as qualifying_streak,
        greatest(-states.streak, 0) as failing_streak,
        states.unobserved_streak,
        states.last_signal_period_index,
        states.is_met,
        states.is_state_change
    from states
    inner join lines
        on
            states.condition_id = lines.condition_id
            and states.period_index = lines.period_index
            and states.line_content = lines.line_content
    inner join periods on states.period_index = periods.period_index
)

select * from final
{% endmacro %}
