{#- Attributes by which schemes may select and scope the members of an entity type. -#}
{% macro known_attributes(entity_type) %}
    {%- set attributes = {
        'store': ['channel', 'region', 'city', 'industry', 'legal_type', 'is_served', 'store_group'],
        'rep': ['region', 'manager_id'],
        'product_group': ['level', 'product_group_id']
    }[entity_type] -%}
    {{- return(attributes + (var('extra_attributes', {}) or {}).get(entity_type, [])) -}}
{% endmacro %}
