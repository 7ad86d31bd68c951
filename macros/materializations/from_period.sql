{#- First period that a model of materialization `periodic` writes, for the where clauses of what it
    reads; `back` periods earlier where a window looks back. As compiled it lies before every period: the
    materialization puts the first touched period in its place, where less than everything is recomputed. -#}
{% macro from_period(back=0) -%}
    (-1000000 /* first touched period */{{ ' - ' ~ back if back }})
{%- endmacro %}
