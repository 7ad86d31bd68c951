{#- Every change of segment with the condition that caused it: of the conditions of the segment left or
    entered whose state changed in that period, the one of highest precedence, then rule group, then
    metric. None for manual decisions, or where a limit only delayed the change (the conditions gave
    the same segment in the period before).
    Grain: entity x scheme x period of change. -#}
{% macro segment_transitions(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
    select
        '{{ entity_type }}' as entity_type,
        changes.{{ key }} as entity_id,
        changes.scheme,
        changes.period_index,
        changes.period_start_date,
        changes.previous_segment as from_segment,
        changes.segment as to_segment,
        changes.reason,
        causes.segment as condition_segment,
        causes.rule_group,
        causes.metric,
        causes.operator,
        causes.value,
        causes.threshold,
        causes.is_met as is_condition_met
    from {{ ref('fct_' ~ entity_type ~ '_segment_history') }} as changes
    left join (
        select
            evidence.{{ key }},
            evidence.scheme,
            evidence.period_index,
            evidence.segment,
            evidence.rule_group,
            evidence.metric,
            evidence.operator,
            evidence.value,
            evidence.is_met,
            case when evidence.is_met then evidence.enter_threshold else evidence.exit_threshold end as threshold,
            row_number() over (
                partition by evidence.{{ key }}, evidence.scheme, evidence.period_index
                order by
                    ladder.precedence desc,
                    {{ bytewise('evidence.rule_group') }},
                    {{ bytewise('evidence.metric') }},
                    {{ bytewise('evidence.operator') }}
            ) as cause_rank
        from {{ ref('fct_' ~ entity_type ~ '_segment_evidence') }} as evidence
        inner join {{ ref('fct_' ~ entity_type ~ '_segment_history') }} as history
            on
                evidence.{{ key }} = history.{{ key }}
                and evidence.scheme = history.scheme
                and evidence.period_index = history.period_index
                and evidence.segment in (history.segment, history.previous_segment)
        inner join {{ ref('fct_' ~ entity_type ~ '_segment_history') }} as earlier
            on
                history.{{ key }} = earlier.{{ key }}
                and history.scheme = earlier.scheme
                and history.period_index = earlier.period_index + 1
                and history.candidate_segment <> earlier.candidate_segment
        inner join {{ ref('int_segment_ladder') }} as ladder
            on
                ladder.entity_type = '{{ entity_type }}'
                and evidence.scheme = ladder.scheme
                and evidence.segment = ladder.segment
        where
            evidence.is_state_change
            and history.is_change
            and history.reason not in ('override', 'override_ended')
            and evidence.period_index >= {{ from_period() }}
            and history.period_index >= {{ from_period() }}
            and earlier.period_index >= {{ from_period(back=1) }}
    ) as causes
        on
            changes.{{ key }} = causes.{{ key }}
            and changes.scheme = causes.scheme
            and changes.period_index = causes.period_index
            and causes.cause_rank = 1
    where changes.is_change and changes.period_index >= {{ from_period() }}
{% endmacro %}
