{#- Every member's periods follow each other without a gap. -#}
{% test dense_spine(model, entity_id) %}
select
    {{ entity_id }},
    count(*) as rows_found,
    max(period_index) - min(period_index) + 1 as rows_expected
from {{ model }}
group by {{ entity_id }}
having count(*) <> max(period_index) - min(period_index) + 1
{% endtest %}
