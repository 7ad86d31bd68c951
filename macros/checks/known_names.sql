{#- What the project knows beside the policy, as rows the checks join to. -#}

{#- entity_type, metric: every metric of every entity type. -#}
{% macro known_metrics_rows() %}
    {%- set rows = [] -%}
    {%- for entity_type in ['store', 'rep', 'product_group'] -%}
        {%- for metrics in all_metric_models(entity_type).values() -%}
            {%- for metric in metrics -%}
                {%- do rows.append([entity_type, metric]) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- name_rows(rows, 'metric') -}}
{% endmacro %}

{#- Whether the names that data bring for an entity type are all there to be seen: not where the company lacks a
    table that brings some. -#}
{% macro names_of_data_are_known(entity_type) %}
    {%- set brings = ['market_external_metrics', 'sfa_store_attributes', 'market_points_of_interest'] -%}
    {%- set lacking = brings | select('in', var('missing_inputs', []) or []) | list -%}
    {%- if 'market_external_metrics' in lacking -%} 1 = 0
    {%- elif lacking -%} {{ entity_type }} <> 'store'
    {%- else -%} 1 = 1
    {%- endif -%}
{% endmacro %}

{#- entity_type, attribute: every attribute of every entity type. -#}
{% macro known_attributes_rows() %}
    {%- set rows = [] -%}
    {%- for entity_type in ['store', 'rep', 'product_group'] -%}
        {%- for attribute in known_attributes(entity_type) -%}
            {%- do rows.append([entity_type, attribute]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- name_rows(rows, 'attribute') -}}
{% endmacro %}

{#- entity_type, scheme: every classification that has a model. -#}
{% macro known_classifications_rows() %}
    {%- set rows = [] -%}
    {%- for entity_type in ['store', 'rep', 'product_group'] -%}
        {%- for scheme in classification_models(entity_type) -%}
            {%- do rows.append([entity_type, scheme]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- name_rows(rows, 'scheme') -}}
{% endmacro %}

{% macro name_rows(rows, column) %}
    select entity_type, {{ column }}
    from (
        values
        {%- for entity_type, name in rows %}
        ('{{ entity_type }}', '{{ name }}'){{ ',' if not loop.last }}
        {%- else %}
        ('', '')
        {%- endfor %}
    ) as names (entity_type, {{ column }})
{%- endmacro %}
