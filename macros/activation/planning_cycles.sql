{#- First day of the planning cycle that holds a date; `later` cycles after it. Cycles of var planning_cycle_weeks
    follow each other without a gap from Monday 1970-01-05 on. -#}
{% macro cycle_start(date_expression, later=0) -%}
    {%- set days = 7 * (var('planning_cycle_weeks', 4) | int) -%}
    {{ add_days(
        "cast('1970-01-05' as date)",
        '(cast(floor(' ~ days_between("cast('1970-01-05' as date)", date_expression) ~ ' / ' ~ days ~ '.0) as integer)'
        ~ (' + ' ~ later if later) ~ ') * ' ~ days
    ) }}
{%- endmacro %}

{#- A sum as people write it: without the zeros behind the point. -#}
{% macro plain_number(expression) -%}
    regexp_replace(cast(cast({{ expression }} as numeric(38, 6)) as {{ dbt.type_string() }}), '[.]?0+$', '')
{%- endmacro %}
