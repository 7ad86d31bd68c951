{#- A relation without a contract has at least `columns`, and a `<scheme>_segment` for every scheme that
    var dim_schemes names for `entity_type`. Fails to compile its query, hence errors, when one is missing. -#}
{% test has_columns(model, columns, entity_type) %}
{%- set wanted = columns | list -%}
{%- for scheme in var('dim_schemes', {}).get(entity_type, []) -%}
    {%- do wanted.append(scheme ~ '_segment') -%}
{%- endfor %}
select {{ wanted | join(', ') }}
from {{ model }}
where 1 = 0
{% endtest %}
