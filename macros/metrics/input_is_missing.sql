{#- Whether the company has none of these tables of the contract: what they feed is then unobserved. -#}
{% macro inputs_are_missing(tables) %}
    {%- set present = [] -%}
    {%- for table in tables if table not in (var('missing_inputs', []) or []) -%}
        {%- do present.append(table) -%}
    {%- endfor -%}
    {{- return(present | length == 0) -}}
{% endmacro %}
