{{ config(materialized='periodic') }}
{#- What the segments should explain: a metric of revenue of each entity type. -#}
{%- set revenues = {'store': 'order_value_year', 'rep': 'client_revenue_year', 'product_group': 'sales_year'} -%}
with

{% for entity_type, revenue in revenues.items() -%}
{{ entity_type }}_schemes as (
    {{ segmentation_health(entity_type, revenue) }}
),

{% endfor -%}
final as (
    {%- for entity_type in revenues %}
    select * from {{ entity_type }}_schemes
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
