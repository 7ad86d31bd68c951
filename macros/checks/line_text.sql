{#- Columns of a line as one text, for fingerprints: blanks keep their place, numbers are typed, so
    0.8 and 0.80 are the same. -#}
{% macro line_text(columns) -%}
    {%- for column in columns -%}
    coalesce(cast({{ column }} as {{ dbt.type_string() }}), '')
    {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}
