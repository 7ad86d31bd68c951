{#- The value of a metric that policy names: a column of the metrics mart, of a user's own model (var
    extra_metric_models), a named value (attribute, external metric, flag, distance) or a score. Four parts of one
    query that has a CTE `metrics` of the entity: the CTEs (of them `metric_values`: its columns as one list, as
    looking a place up in a list is far cheaper than comparing every name for every row), the place of a name in
    the list as `metric_position`, the joins, and the value. `row` is a CTE with rows of metric_values, `line` one
    with a name and its place; scores themselves are made without scores. -#}

{% macro metric_by_name_ctes(entity_type, scores=true) -%}
{%- set key = entity_type ~ '_id' -%}
{%- set extra_models = extra_metric_model_names(entity_type) -%}
{%- for model_name in extra_models -%}
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
metric_values as (
    select
        metrics.{{ key }},
        metrics.period_index,
        metrics.period_start_date,
        array[
            {%- for model_name, metrics in all_metric_models(entity_type).items() %}
            {%- set source = model_name if model_name in extra_models else 'metrics' %}
            {%- set is_last_model = loop.last %}
            {%- for metric in metrics %}
            cast({{ source }}.{{ metric }} as numeric(18, 6)){{ ',' if not (loop.last and is_last_model) }}
            {%- endfor %}
            {%- endfor %}
        ] as metric_values
    from metrics
    {%- for model_name in extra_models %}
    left join {{ model_name }}
        on
            metrics.{{ key }} = {{ model_name }}.{{ key }}
            and metrics.period_index = {{ model_name }}.period_index
    {%- endfor %}
),
{%- endmacro %}

{% macro metric_position(entity_type, name) -%}
    case {{ name }}
            {%- for metric in all_metric_models(entity_type).values() | sum(start=[]) %}
            when '{{ metric }}' then {{ loop.index }}
            {%- endfor %}
        end
{%- endmacro %}

{% macro metric_by_name_joins(entity_type, row, line, name='metric', scores=true) -%}
    {%- set key = entity_type ~ '_id' -%}
    {#- NULL for what the list has, so that nothing is looked for -#}
    {%- set other_name = 'case when ' ~ line ~ '.metric_position is null then ' ~ line ~ '.' ~ name ~ ' end' %}
    left join named_values
        on
            {{ row }}.{{ key }} = named_values.{{ key }}
            and {{ other_name }} = named_values.metric
            and {{ row }}.period_index >= named_values.first_period_index
            and (named_values.last_period_index is null or {{ row }}.period_index <= named_values.last_period_index)
    {%- if scores %}
    left join scores
        on
            {{ row }}.{{ key }} = scores.{{ key }}
            and {{ other_name }} = scores.score
            and {{ row }}.period_index = scores.period_index
    {%- endif %}
{%- endmacro %}

{% macro metric_by_name(row, line, scores=true) -%}
    cast(coalesce(
            {{ row }}.metric_values[{{ line }}.metric_position], named_values.value{{ ', scores.value' if scores }}
        ) as numeric(18, 6))
{%- endmacro %}

{% macro extra_metric_model_names(entity_type) %}
    {{- return(all_metric_models(entity_type).keys() | reject('in', metric_models(entity_type).keys()) | list) -}}
{% endmacro %}
