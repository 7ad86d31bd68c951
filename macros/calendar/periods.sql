{#- A period is named by its gap-free integer index (semantics.md, section 1):
    month = 12 x year + month, week = weeks since Monday 1970-01-05. -#}

{#- Index of the period that holds a date. -#}
{% macro period_index(date_expression) %}
    {%- if var('period_grain', 'month') == 'month' -%}
    cast(12 * extract(year from {{ date_expression }}) + extract(month from {{ date_expression }}) as integer)
    {%- elif var('period_grain') == 'week' -%}
    cast(floor({{ days_between("cast('1970-01-05' as date)", date_expression) }} / 7.0) as integer)
    {%- else -%}
        {{ exceptions.raise_compiler_error("var period_grain is '" ~ var('period_grain') ~ "': use month or week") }}
    {%- endif -%}
{% endmacro %}

{#- First day of the period with an index. -#}
{% macro period_start_date(index_expression) %}
    {%- if var('period_grain', 'month') == 'month' -%}
    {{ add_months("cast('0001-01-01' as date)", index_expression ~ ' - 13') }}
    {%- else -%}
    {{ add_days("cast('1970-01-05' as date)", '7 * (' ~ index_expression ~ ')') }}
    {%- endif -%}
{% endmacro %}

{#- Last day of the period with an index. -#}
{% macro period_end_date(index_expression) %}
    {{- add_days(period_start_date('(' ~ index_expression ~ ' + 1)'), '-1') -}}
{% endmacro %}

{#- Length in periods of the trailing window `period`, `quarter` or `year`. -#}
{% macro window_length(window) %}
    {%- set defaults = {'period': 1, 'quarter': 3, 'year': 12} if var('period_grain', 'month') == 'month'
        else {'period': 1, 'quarter': 13, 'year': 52} -%}
    {{- return((var('windows', none) or defaults)[window] | int) -}}
{% endmacro %}

{#- Index of the last period that has closed: a value, not a join, as PostgreSQL takes the one row of a joined
    maximum for many and chooses nested loops. -#}
{% macro last_closed_period() -%}
    (select max(period_index) from {{ ref('int_periods') }} where is_closed)
{%- endmacro %}
