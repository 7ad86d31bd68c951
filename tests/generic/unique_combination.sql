{#- No two rows share the values of `columns`, and none of them is NULL. -#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count,
    case
        {%- for column in columns %}
        when {{ column }} is null then '{{ column }} is null'
        {%- endfor %}
        else 'more than one row'
    end as problem
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
