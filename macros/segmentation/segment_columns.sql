{#- `<scheme>_segment` columns of a dimension, one per scheme of var dim_schemes, from the current
    segments in long form. NULL where the scheme does not apply. -#}
{% macro segment_columns(entity_type) %}
    {%- for scheme in var('dim_schemes', {}).get(entity_type, []) %}
        max(case when scheme = '{{ scheme }}' then segment end) as {{ scheme }}_segment{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
