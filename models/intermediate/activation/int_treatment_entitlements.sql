{{ config(materialized='view') }}
{% for entity_type in ['store', 'rep', 'product_group'] %}
{{ treatment_entitlements(entity_type) }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
