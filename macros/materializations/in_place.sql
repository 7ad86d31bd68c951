{#-
    dbt's `table` and `view` on DuckDB, in one statement: `create or replace` in a transaction shows readers the
    old or the new one, which dbt's own reach by three renames. Two CPU seconds less a build. A project that has
    this one as a package keeps dbt's own: a package may not replace them.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {{- return(made_in_place('table')) -}}
{% endmaterialization %}


{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {{- return(made_in_place('view')) -}}
{% endmaterialization %}


{% macro made_in_place(type) %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {%- if existing is not none %}drop {{ existing.type }} if exists {{ existing }} cascade;{% endif %}
        {{ get_create_view_as_sql(relation, sql) if type == 'view' else get_create_table_as_sql(False, relation, sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(relation, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{- return({'relations': [relation]}) -}}
{% endmacro %}
