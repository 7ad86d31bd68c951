{#- Texts as a list of SQL literals, for `in (...)`. -#}
{% macro quoted_list(texts) -%}
    {%- for text in texts -%}
        '{{ text | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
