{#- Columns of a ranking by value (descending, ties by id): `rows_above`, `value_above` (sum of the
    positive values ranked before), `value_total` and `members_total` (those with a positive value).
    A value of 0 or less ranks behind every positive one, so one sort serves members without value too. -#}
{% macro ranking_columns(value, id, partition_by) -%}
    row_number() over (partition by {{ partition_by }} order by {{ value }} desc nulls last, {{ bytewise(id) }}) - 1 as rows_above,
        cast(coalesce(sum(greatest({{ value }}, 0)) over (
            partition by {{ partition_by }}
            order by {{ value }} desc nulls last, {{ bytewise(id) }}
            rows between unbounded preceding and 1 preceding
        ), 0) as numeric(38, 4)) as value_above,
        cast(sum(greatest({{ value }}, 0)) over (partition by {{ partition_by }}) as numeric(38, 4)) as value_total,
        count(case when {{ value }} > 0 then 1 end) over (partition by {{ partition_by }}) as members_total
{%- endmacro %}
