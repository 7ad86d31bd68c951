{#- entity_type, attribute, value: what the entities have today, each value once. -#}
{% macro policy_attributes() %}
    {%- for entity_type in ['store', 'rep', 'product_group'] %}
    select distinct
        '{{ entity_type }}' as entity_type,
        attribute,
        value
    from {{ ref('int_' ~ entity_type ~ '_attributes') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
