{#- The value of a metric that policy names: a column of the metrics mart, of a user's own model (var
    extra_metric_models), a named value (attribute, external metric, flag, distance) or a score. Three parts of
    one query: the CTEs, the joins to a CTE `row` with the entity's id and period_index, and the value.
    `name` is the SQL expression that holds the metric's name; scores themselves are made without scores. -#}

{% macro metric_by_name_ctes(entity_type, scores=true) -%}
{%- for model_name in extra_metric_model_names(entity_type) -%}
{{ model_name }} as (
    select * from {{ ref(model_name) }}
),

{% endfor -%}
named_values as (
    select * from {{ ref('int_' ~ entity_type ~ '_named_values') }}
),
{% if scores %}
scores as (
    select * from {{ ref('fct_' ~ entity_type ~ '_scores') }}
),
{% endif %}
{%- endmacro %}

{% macro metric_by_name_joins(entity_type, row, name, scores=true) -%}
    {%- set key = entity_type ~ '_id' -%}
    {%- for model_name in extra_metric_model_names(entity_type) %}
    left join {{ model_name }}
        on
            {{ row }}.{{ key }} = {{ model_name }}.{{ key }}
            and {{ row }}.period_index = {{ model_name }}.period_index
    {%- endfor %}
    left join named_values
        on
            {{ row }}.{{ key }} = named_values.{{ key }}
            and {{ name }} = named_values.metric
            and {{ row }}.period_index >= named_values.first_period_index
            and (named_values.last_period_index is null or {{ row }}.period_index <= named_values.last_period_index)
    {%- if scores %}
    left join scores
        on
            {{ row }}.{{ key }} = scores.{{ key }}
            and {{ name }} = scores.score
            and {{ row }}.period_index = scores.period_index
    {%- endif %}
{%- endmacro %}

{% macro metric_by_name(entity_type, row, name, scores=true) -%}
    cast(case {{ name }}
            {%- for model_name, metrics in all_metric_models(entity_type).items() %}
            {%- set source = model_name if model_name in extra_metric_model_names(entity_type) else row %}
            {%- for metric in metrics %}
            when '{{ metric }}' then {{ source }}.{{ metric }}
            {%- endfor %}
            {%- endfor %}
            else {{ 'coalesce(named_values.value, scores.value)' if scores else 'named_values.value' }}
        end as numeric(18, 6))
{%- endmacro %}

{% macro extra_metric_model_names(entity_type) %}
    {{- return(all_metric_models(entity_type).keys() | reject('in', metric_models(entity_type).keys()) | list) -}}
{% endmacro %}
