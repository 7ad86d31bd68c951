{#- A snapshot has at most one open row (dbt_valid_to is NULL) per key. -#}
{% test one_open_version(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
where dbt_valid_to is null
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
