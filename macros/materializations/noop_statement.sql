{#- dbt's own, without writing the SQL of a seed to the target folder. That path is the target folder
    joined with the path of the seed; where POLICY_SEEDS is an absolute path the join is the CSV itself,
    and dbt would write SQL over a company's policy. Only seeds call this macro. -#}
{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
    {%- set sql = caller() -%}
    {%- if name is not none -%}
        {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {%- endif -%}
{%- endmacro %}
