{#- Every condition of every scheme that applies to an entity, per period: the value to judge and the
    line in force for it. No memory. Grain: entity x condition x period. -#}
{% macro segment_conditions(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
),

{{ metric_by_name_ctes(entity_type) }}
members as (
    select * from {{ ref('int_' ~ entity_type ~ '_schemes') }}
),

rules as (
    select * from {{ ref('int_rules_by_period') }} where entity_type = '{{ entity_type }}'
),

-- by itself: joined in one go with the rules, DuckDB pairs every entity with the rules of every scope first
judged as {{ joined_first() }} (
    select
        metrics.*,
        members.scheme,
        members.scope_key
    from members
    inner join metrics on members.{{ key }} = metrics.{{ key }}
),

final as (
    select
        judged.{{ key }},
        judged.period_index,
        judged.period_start_date,
        rules.scheme,
        rules.condition_id,
        rules.segment,
        rules.rule_group,
        rules.metric,
        rules.operator,
        {{ metric_by_name(entity_type, 'judged', 'rules.metric') }} as value,
        rules.enter_threshold,
        rules.exit_threshold,
        rules.enter_after,
        rules.exit_after,
        rules.hold_periods,
        rules.expire_after,
        rules.is_in_force,
        rules.line_content
    from judged
    inner join rules
        on
            judged.scheme = rules.scheme
            and judged.scope_key = rules.scope_key
            and judged.period_index = rules.period_index
    {{- metric_by_name_joins(entity_type, 'judged', 'rules.metric') }}
)

select * from final
{% endmacro %}
