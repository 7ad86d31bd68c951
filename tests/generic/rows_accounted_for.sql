{#- Rows in = rows staged + rows rejected, for every table of the ledger. -#}
{% test rows_accounted_for(model) %}
select *
from {{ model }}
where rows_in <> rows_staged + rows_rejected
{% endtest %}
