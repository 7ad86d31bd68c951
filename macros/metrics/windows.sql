{#- Sum of an expression over the trailing window `period`, `quarter` or `year` of one member's dense
    spine; `periods_back` moves the window into the past. NULL where every summed value is NULL. -#}
{% macro trailing_sum(expression, window, entity_id, periods_back=0) -%}
    sum({{ expression }}) over (
        partition by {{ entity_id }}
        order by period_index
        rows between {{ window_length(window) - 1 + periods_back }} preceding and {{ periods_back ~ ' preceding' if periods_back else 'current row' }}
    )
{%- endmacro %}

{#- The three windows, in the order in which columns are named. -#}
{% macro window_names() %}
    {{- return(['period', 'quarter', 'year']) -}}
{% endmacro %}
