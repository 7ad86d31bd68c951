{#- A path of the store group tree without its empty parts: '/a//b/' is 'a/b'; NULL when none is left. -#}
{% macro clean_path(path) -%}
    nullif(trim(both '/' from regexp_replace({{ path }}, '/+', '/', 'g')), '')
{%- endmacro %}

{#- How many parts a clean path has. -#}
{% macro path_depth(clean_path) -%}
    cast(length({{ clean_path }}) - length(replace({{ clean_path }}, '/', '')) + 1 as integer)
{%- endmacro %}

{#- The first parts of a clean path: all of them when it is shorter. -#}
{% macro path_prefix(clean_path, depth) -%}
    array_to_string((string_to_array({{ clean_path }}, '/'))[1:{{ depth }}], '/')
{%- endmacro %}
