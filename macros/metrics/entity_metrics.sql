{#- The metrics mart of one entity type: one column a metric, from the family models. The first of them has a
    row for every row of the spine. -#}
{% macro entity_metrics(entity_type) %}
{%- set entity_id = entity_type ~ '_id' -%}
{%- set models = metric_models(entity_type) -%}
{%- set spine = models.keys() | first -%}
with periods as (
    select * from {{ ref('int_periods') }}
),
{% for model in models %}
{{ model }} as (
    select * from {{ ref(model) }}
    where period_index >= {{ from_period() }}
),
{% endfor %}
final as (
    select
        {{ spine }}.{{ entity_id }},
        {{ spine }}.period_index,
        periods.period_start_date
        {%- for model, metrics in models.items() %}
        {%- for metric in metrics %},
        cast({{ model }}.{{ metric }} as numeric(18, 6)) as {{ metric }}
        {%- endfor %}
        {%- endfor %}
    from {{ spine }}
    inner join periods on {{ spine }}.period_index = periods.period_index
    {%- for model in models if model != spine %}
    left join {{ model }}
        on
            {{ spine }}.{{ entity_id }} = {{ model }}.{{ entity_id }}
            and {{ spine }}.period_index = {{ model }}.period_index
    {%- endfor %}
)

select * from final
{% endmacro %}
