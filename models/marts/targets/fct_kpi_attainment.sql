{{ config(materialized='periodic') }}
with

{% for entity_type in ['store', 'rep', 'product_group'] -%}
{{ entity_type }}_targets as (
    {{ kpi_attainment(entity_type) }}
),

{% endfor -%}
final as (
    {%- for entity_type in ['store', 'rep', 'product_group'] %}
    select * from {{ entity_type }}_targets
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
