{#- One step of the Schmitt triggers (semantics.md, section 2): the state of every condition in a
    period from its value, its thresholds and its own row of the period before.
    Narrow, because it is the longest table: what the line says stands in int_rules_by_period, and here the
    number of its content. Grain: entity x condition x period. Run by the materialization `stepwise`. -#}
{% macro segment_states(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with conditions as (
    select * from {{ ref('int_' ~ entity_type ~ '_conditions') }}
),

before as (
    select
        {{ key }},
        condition_id,
        period_index + 1 as next_period_index,
        streak,
        unobserved_streak,
        last_signal_period_index,
        is_met
    from {{ this }}
),

-- what the value alone says; a condition out of force has no say
judged as (
    select
        conditions.*,
        coalesce(before.streak, 0) as streak_before,
        before.last_signal_period_index as signal_before,
        coalesce(before.is_met, false) as was_met,
        coalesce(
            conditions.is_in_force
            and {{ meets('conditions.operator', 'conditions.value', 'conditions.enter_threshold') }}, false
        ) as qualifies,
        coalesce(
            conditions.is_in_force
            and not {{ meets('conditions.operator', 'conditions.value', 'conditions.exit_threshold') }}, false
        ) as fails,
        case
            when conditions.is_in_force and conditions.value is null then coalesce(before.unobserved_streak, 0) + 1
            else 0
        end as unobserved_streak
    from conditions
    left join before
        on
            conditions.{{ key }} = before.{{ key }}
            and conditions.condition_id = before.condition_id
            and conditions.period_index = before.next_period_index
),

forgetting as (
    select
        *,
        not is_in_force or (value is null and coalesce(unobserved_streak >= expire_after, false)) as forgets
    from judged
),

-- a period without a value freezes the streak; the band between the thresholds breaks it
streaks as (
    select
        *,
        case
            when forgets then 0
            when value is null then streak_before
            when qualifies then greatest(streak_before, 0) + 1
            when fails then least(streak_before, 0) - 1
            else 0
        end as streak
    from forgetting
),

signals as (
    select
        *,
        qualifies and streak >= enter_after as gives_signal,
        fails and -streak >= exit_after
        and coalesce(period_index - signal_before > hold_periods, true) as may_leave
    from streaks
),

states as (
    select
        *,
        case
            when forgets then null
            when gives_signal then period_index
            else signal_before
        end as last_signal_period_index,
        case
            when forgets then false
            when gives_signal then true
            when may_leave then false
            else was_met
        end as is_met
    from signals
),

final as (
    select
        {{ key }},
        period_index,
        condition_id,
        line_content,
        value,
        cast(streak as integer) as streak,
        cast(unobserved_streak as integer) as unobserved_streak,
        cast(last_signal_period_index as integer) as last_signal_period_index,
        is_met,
        is_met <> was_met as is_state_change
    from states
)

select * from final
{% endmacro %}


{#- Whether `value operator threshold` holds. Exit asks for its negation, so that `>=` pairs with `<`. -#}
{% macro meets(operator, value, threshold) -%}
    case {{ operator }}
                when '>=' then {{ value }} >= {{ threshold }}
                when '>' then {{ value }} > {{ threshold }}
                when '<=' then {{ value }} <= {{ threshold }}
                when '<' then {{ value }} < {{ threshold }}
            end
{%- endmacro %}
