{#- Every condition of every scheme that applies to an entity, per period: the value to judge and the
    line in force for it. No memory. Grain: entity x condition x period. -#}
{% macro segment_conditions(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set line %}
        rules.scheme,
        rules.condition_id,
        rules.segment,
        rules.rule_group,
        rules.metric,
        rules.operator,
        rules.enter_threshold,
        rules.exit_threshold,
        rules.enter_after,
        rules.exit_after,
        rules.hold_periods,
        rules.expire_after,
        rules.is_in_force,
        rules.line_content
{%- endset -%}
with metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
),

{{ metric_by_name_ctes(entity_type) }}
members as (
    select * from {{ ref('int_' ~ entity_type ~ '_schemes') }}
),

rules as (
    select
        *,
        {{ metric_position(entity_type, 'metric') }} as metric_position
    from {{ ref('int_rules_by_period') }}
    where entity_type = '{{ entity_type }}'
),

-- by itself: joined in one go with the rules, DuckDB pairs every entity with the rules of every scope first
judged as {{ joined_first() }} (
    select
        metric_values.*,
        members.scheme,
        members.scope_key
    from members
    inner join metric_values on members.{{ key }} = metric_values.{{ key }}
),

-- the few conditions on what has only a name, apart from the many on columns: those need no look-up
judged_by_name as {{ joined_first() }} (
    select
        spine.{{ key }},
        spine.period_index,
        spine.period_start_date,
        members.scheme,
        members.scope_key
    from members
    inner join {{ ref('int_' ~ entity_type ~ '_periods') }} as spine on members.{{ key }} = spine.{{ key }}
),

on_columns as (
    select
        judged.{{ key }},
        judged.period_index,
        judged.period_start_date,
        {{- line }},
        judged.metric_values[rules.metric_position] as value
    from judged
    inner join rules
        on
            judged.scheme = rules.scheme
            and judged.scope_key = rules.scope_key
            and judged.period_index = rules.period_index
    where rules.metric_position is not null
),

on_names as (
    select
        judged_by_name.{{ key }},
        judged_by_name.period_index,
        judged_by_name.period_start_date,
        {{- line }},
        coalesce(named_values.value, scores.value) as value
    from judged_by_name
    inner join rules
        on
            judged_by_name.scheme = rules.scheme
            and judged_by_name.scope_key = rules.scope_key
            and judged_by_name.period_index = rules.period_index
    {{- metric_by_name_joins(entity_type, 'judged_by_name', 'rules') }}
    where rules.metric_position is null
),

final as (
    select * from on_columns
    union all
    select * from on_names
)

select * from final
{% endmacro %}
