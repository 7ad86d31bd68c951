{#- Every condition of every scheme that applies to an entity, per period: the value to judge and the
    line in force for it. No memory. Grain: entity x condition x period. -#}
{% macro segment_conditions(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set own = metric_models(entity_type) -%}
with metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
),

{% set added = {} -%}
{%- for model_name, names in all_metric_models(entity_type).items() if model_name not in own -%}
{%- do added.update({model_name: names}) -%}
{{ model_name }} as (
    select * from {{ ref(model_name) }}
),

{% endfor -%}
members as (
    select * from {{ ref('int_' ~ entity_type ~ '_schemes') }}
),

rules as (
    select * from {{ ref('int_rules_by_period') }} where entity_type = '{{ entity_type }}'
),

-- by itself: joined in one go with the rules, DuckDB pairs every entity with the rules of every scope first
judged as {{ joined_first() }} (
    select
        metrics.{{ key }},
        metrics.period_index,
        metrics.period_start_date,
        members.scheme,
        members.scope_key
        {%- for names in own.values() %}
        {%- for name in names %},
        metrics.{{ name }}
        {%- endfor %}
        {%- endfor %}
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
        cast(case rules.metric
            {%- for names in own.values() %}
            {%- for name in names %}
            when '{{ name }}' then judged.{{ name }}
            {%- endfor %}
            {%- endfor %}
            {%- for model_name, names in added.items() %}
            {%- for name in names %}
            when '{{ name }}' then {{ model_name }}.{{ name }}
            {%- endfor %}
            {%- endfor %}
        end as numeric(18, 6)) as value,
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
    {%- for model_name in added %}
    left join {{ model_name }}
        on
            judged.{{ key }} = {{ model_name }}.{{ key }}
            and judged.period_index = {{ model_name }}.period_index
    {%- endfor %}
)

select * from final
{% endmacro %}
