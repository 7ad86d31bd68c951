{#- The metrics mart of one entity type: its spine, one column a metric, from the family models. -#}
{% macro entity_metrics(entity_type) %}
{%- set entity_id = entity_type ~ '_id' -%}
{%- set models = metric_models(entity_type) -%}
with spine as (
    select * from {{ ref('int_' ~ entity_type ~ '_periods') }}
),
{% for model in models %}
{{ model }} as (
    select * from {{ ref(model) }}
),
{% endfor %}
final as (
    select
        spine.{{ entity_id }},
        spine.period_index,
        spine.period_start_date
        {%- for model, metrics in models.items() %}
        {%- for metric in metrics %},
        cast({{ model }}.{{ metric }} as numeric(18, 6)) as {{ metric }}
        {%- endfor %}
        {%- endfor %}
    from spine
    {%- for model in models %}
    left join {{ model }}
        on
            spine.{{ entity_id }} = {{ model }}.{{ entity_id }}
            and spine.period_index = {{ model }}.period_index
    {%- endfor %}
)

select * from final
{% endmacro %}
