{#- True when a text contains a match of a regular expression (anchors, classes, groups and
    repetition only, which POSIX and RE2 read alike). -#}
{% macro matches(expression, pattern) %}
    {{- return(adapter.dispatch('matches', 'dynamic_segmentation')(expression, pattern)) -}}
{% endmacro %}
{% macro default__matches(expression, pattern) -%}
    (({{ expression }}) ~ '{{ pattern }}')
{%- endmacro %}
{#- DuckDB's `~` wants the whole text to match. -#}
{% macro duckdb__matches(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}
