{#- Attributes by which schemes may select and scope the members of an entity type, with a user's own
    (var extra_attributes). -#}
{% macro known_attributes(entity_type) %}
    {%- set attributes = {
        'store': ['channel', 'region', 'city', 'industry', 'legal_type', 'is_served', 'store_group'],
        'rep': ['region', 'manager_id'],
        'product_group': ['level', 'product_group_id']
    }[entity_type] -%}
    {%- for own_attributes in extra_attribute_models(entity_type).values() -%}
        {%- for attribute in own_attributes -%}
            {%- if attribute in attributes -%}
                {{ exceptions.raise_compiler_error("var extra_attributes: a " ~ entity_type ~ " has the attribute '" ~ attribute ~ "' already; use another name") }}
            {%- endif -%}
            {%- do attributes.append(attribute) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(attributes) -}}
{% endmacro %}

{#- model -> attributes of a user's own (var extra_attributes): a model with the entity's id and one
    column an attribute, at most one row per entity. -#}
{% macro extra_attribute_models(entity_type) %}
    {{- return((var('extra_attributes', {}) or {}).get(entity_type, {})) -}}
{% endmacro %}

{#- Their values as further rows of int_<entity>_attributes. -#}
{% macro union_extra_attributes(entity_type) -%}
    {%- for model, attributes in extra_attribute_models(entity_type).items() -%}
    {%- for attribute in attributes %}
    union all
    select
        {{ parse_text(entity_type ~ '_id') }} as {{ entity_type }}_id,
        '{{ attribute }}' as attribute,
        {{ parse_text(attribute) }} as value
    from {{ ref(model) }}
    where {{ parse_text(attribute) }} is not null
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
