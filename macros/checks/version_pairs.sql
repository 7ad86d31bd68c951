{#- Each line beside the version before it: same thing, next older start. -#}
{% macro version_pairs(file, lines, identity) %}
    select
        '{{ file }}.csv' as file,
        line_key,
        valid_from,
        valid_to,
        lag(line_key) over ({{ version_order(identity) }}) as line_key_before,
        lag(valid_to) over ({{ version_order(identity) }}) as valid_to_before
    from {{ lines }}
{%- endmacro %}

{% macro version_order(identity) -%}
    partition by {{ identity | join(', ') }}
    order by case when valid_from is null then 0 else 1 end, valid_from, {{ bytewise('line_key') }}
{%- endmacro %}
