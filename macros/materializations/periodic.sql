{#-
    Materialization `periodic`: a table with a `period_index`, whose rows of a period follow from rows of
    the tables it reads of that period and of those before. Made anew from the first period in which
    something it reads changed (build_record.sql says how that is noticed); from_period() in the model's
    where clauses keeps what it reads as short.

    config
        periods='all'   it has periods that are not closed, too
        periods='last'  it has rows of the last closed period alone, made of any period up to it
-#}
{% materialization periodic, default, supported_languages=['sql'] %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set touched = touched_periods(existing) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if touched.is_all or touched.first is not none -%}{%- do begin_stepping() -%}{%- endif -%}
    {%- if touched.is_all -%}
        {%- do record_touched(touched) -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {% call statement('main') -%}
            {{ get_create_table_as_sql(False, target_relation, sql) }}
        {%- endcall %}
    {%- elif touched.first is not none -%}
        {%- do record_touched(touched) -%}
        {%- set columns = adapter.get_columns_in_relation(existing) | map(attribute='quoted') | join(', ') -%}
        {% call statement('forget') -%}
            delete from {{ target_relation }} where period_index >= {{ touched.first }}
        {%- endcall %}
        {% call statement('main') -%}
            insert into {{ target_relation }} ({{ columns }})
            select {{ columns }} from (
                {{ sql.replace('-1000000 /* first touched period */', touched.first | string) }}
            ) as model_sql where period_index >= {{ touched.first }}
        {%- endcall %}
    {%- else -%}
        {{ store_raw_result('main', message='UNCHANGED', code='UNCHANGED', rows_affected=0, agate_table=none) }}
    {%- endif %}

    {%- if touched.first is not none or touched.is_all -%}
        {{ finish_table(target_relation, existing, touched.is_all) }}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- First period that a `periodic` model writes, for the where clauses of what it reads; `back` periods
    earlier where a window looks back. As compiled it lies before every period: the materialization puts
    the first touched period in its place where less than everything is made anew. -#}
{% macro from_period(back=0) -%}
    (-1000000 /* first touched period */{{ ' - ' ~ back if back }})
{%- endmacro %}
