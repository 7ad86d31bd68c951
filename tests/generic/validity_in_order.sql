{#- Every row of a snapshot was valid for some time. -#}
{% test validity_in_order(model) %}
select * from {{ model }} where dbt_valid_to <= dbt_valid_from
{% endtest %}
