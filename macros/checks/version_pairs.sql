{#- Each line that has a start beside the one before it: same thing, next older start. Lines whose
    dates cannot be read are left to the check of cells. -#}
{% macro version_pairs(lines, identity) %}
    select
        line_key,
        valid_from,
        valid_to,
        lag(line_key) over ({{ version_order(identity) }}) as line_key_before,
        lag(valid_from) over ({{ version_order(identity) }}) as valid_from_before,
        lag(valid_to) over ({{ version_order(identity) }}) as valid_to_before
    from {{ lines }}
{%- endmacro %}

{% macro version_order(identity) -%}
    partition by {{ identity | join(', ') }}
    order by case when valid_from is null then 0 else 1 end, valid_from, {{ bytewise('line_key') }}
{%- endmacro %}
