{#- Whole days from one date to a later one. -#}
{% macro days_between(from_date, to_date) %}
    {{- return(adapter.dispatch('days_between', 'dynamic_segmentation')(from_date, to_date)) -}}
{% endmacro %}
{% macro default__days_between(from_date, to_date) -%}
    (({{ to_date }}) - ({{ from_date }}))
{%- endmacro %}

{#- A date moved by a number of days (an integer expression); a date again. -#}
{% macro add_days(date_expression, days) %}
    {{- return(adapter.dispatch('add_days', 'dynamic_segmentation')(date_expression, days)) -}}
{% endmacro %}
{% macro default__add_days(date_expression, days) -%}
    cast(({{ date_expression }}) + cast({{ days }} as integer) as date)
{%- endmacro %}

{#- A date moved by a number of months (an integer expression); a date again. -#}
{% macro add_months(date_expression, months) %}
    {{- return(adapter.dispatch('add_months', 'dynamic_segmentation')(date_expression, months)) -}}
{% endmacro %}
{% macro default__add_months(date_expression, months) -%}
    cast(({{ date_expression }}) + cast({{ months }} as integer) * interval '1 month' as date)
{%- endmacro %}

{#- Whole seconds from one timestamp to a later one, as bigint; NULL where either is. -#}
{% macro seconds_between(from_timestamp, to_timestamp) %}
    {{- return(adapter.dispatch('seconds_between', 'dynamic_segmentation')(from_timestamp, to_timestamp)) -}}
{% endmacro %}
{% macro default__seconds_between(from_timestamp, to_timestamp) -%}
    cast(floor(extract(epoch from ({{ to_timestamp }} - {{ from_timestamp }}))) as bigint)
{%- endmacro %}
