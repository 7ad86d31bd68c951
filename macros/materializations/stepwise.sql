{#-
    Materialization `stepwise`: a table whose rows of one period follow from its inputs of that period
    and its own rows of the period before. The model's SQL defines the rows of *any* period; this runs
    it once per period, in order, as `insert … select … from (model) where period_index = N`, from the
    first period in which something it reads changed (build_record.sql says how that is noticed).
    The model needs an enforced contract with the column `period_index`. All of it is one transaction: a
    killed run leaves the table as it was.
-#}
{% materialization stepwise, default, supported_languages=['sql'] %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set touched = touched_periods(existing) -%}
    {%- set work = namespace(sql=sql) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if touched.is_all or touched.first is not none -%}
        {% do begin_stepping() %}
        {%- do record_touched(touched) -%}
        {%- set stepped = make_intermediate_relation(target_relation) if touched.is_all and existing is not none else target_relation -%}
        {%- if touched.is_all -%}
            {#- The whole name only: without quotes (the project's `quoting`) it may be the beginning of another. -#}
            {%- set whole_name = '(?<![\\w."])' ~ modules.re.escape(this | string) ~ '(?![\\w$."])' -%}
            {%- set work.sql = modules.re.sub(whole_name, stepped | string, sql) -%}
            {%- do drop_relation_if_exists(stepped) -%}
            {#- Not "create table as" of no rows: on DuckDB 2.0.0 an insert of no rows before a large one in the
                same transaction loses the large one's statistics, and with them its rows. -#}
            {% call statement('create_empty') -%}
                create table {{ stepped }} {{ get_table_columns_and_constraints() }}
            {%- endcall %}
        {%- else -%}
            {% call statement('forget') -%}
                delete from {{ stepped }} where period_index >= {{ touched.first }}
            {%- endcall %}
        {%- endif -%}
        {%- do get_assert_columns_equivalent(work.sql) -%}
        {%- set columns = model.columns.values() | map(attribute='name') | join(', ') -%}
        {%- for period in touched.periods if touched.is_all or period >= touched.first %}
            {% call statement('step_' ~ loop.index) -%}
                insert into {{ stepped }} ({{ columns }})
                select {{ columns }} from (
                    {{ work.sql }}
                ) as step where period_index = {{ period }}
            {%- endcall %}
        {%- endfor %}
        {%- if stepped != target_relation -%}
            {%- do adapter.drop_relation(existing) -%}
            {%- do adapter.rename_relation(stepped, target_relation) -%}
        {%- endif -%}
        {{ finish_table(target_relation, existing, touched.is_all) }}
    {%- endif %}
    {{ store_raw_result('main', message='STEPPED' if touched.first is not none else 'UNCHANGED', code='OK', rows_affected=0, agate_table=none) }}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
