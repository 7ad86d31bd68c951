{#- Every metric fits numeric(18,6): its absolute value is below 10^12. A larger one would fail the cast
    of the metrics mart with an error of the engine; this one names the metric. Report in thousands. -#}
{% test metrics_in_range(model, metrics) %}
{%- for metric in metrics %}
select
    '{{ metric }} has a value of 10^12 or more: hand the amounts over in thousands' as problem,
    count(*) as rows_found
from {{ model }}
where abs({{ metric }}) >= 1000000000000
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
