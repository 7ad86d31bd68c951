{#-
    Materialization `stepwise`: a table whose rows of one period follow from its inputs of that period
    and its own rows of the period before. The model's SQL defines the rows of *any* period; this runs
    it once per period, in order, as `insert … select … from (model) where period_index = N`.

    config
        inputs          the model that holds everything the step reads but its own rows before
        compared        columns of it that the step records under their names, and that tell whether an
                        input is the one on record; left out: all
    The model needs an enforced contract with the columns `period_index` and `engine_version`.

    Which periods? On a first build, a full refresh, or when the columns changed: all, into a table of
    its own that is swapped in. Else from the first period whose inputs are not those on record (count
    and sum of row hashes over the columns of `inputs`) or whose rows another version of the step
    wrote (column `engine_version`: 'engine-version' in the model's SQL becomes a hash of that SQL).
    So new periods, late data, vanished rows, changed rules and half-made tables are found without any
    state beside the table. All of it is one transaction: a killed run leaves the table as it was.
-#}
{% materialization stepwise, default, supported_languages=['sql'] %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set inputs = ref(config.require('inputs')) -%}
    {%- set engine_version = local_md5(sql)[:12] -%}
    {%- set work = namespace(sql=sql | replace("'engine-version'", "'" ~ engine_version ~ "'")) -%}
    {%- set rebuild = existing is none or not existing.is_table or should_full_refresh()
        or not stepwise_has_columns(existing) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% do begin_stepping() %}

    {%- if rebuild -%}
        {%- set stepped = target_relation if existing is none else make_intermediate_relation(target_relation) -%}
        {#- The whole name only: without quotes (the project's `quoting`) it may be the beginning of another. -#}
        {%- set whole_name = '(?<![\\w."])' ~ modules.re.escape(this | string) ~ '(?![\\w$."])' -%}
        {%- set work.sql = modules.re.sub(whole_name, stepped | string, work.sql) -%}
        {%- do drop_relation_if_exists(stepped) if existing is not none -%}
        {#- Not "create table as" of no rows: on DuckDB 2.0.0 an insert of no rows before a large one in the
            same transaction loses the large one's statistics, and with them its rows. -#}
        {% call statement('create_empty') -%}
            create table {{ stepped }} {{ get_table_columns_and_constraints() }}
        {%- endcall %}
        {%- set first_touched = -2147483648 -%}
    {%- else -%}
        {%- set stepped = target_relation -%}
        {%- set first_touched = stepwise_first_touched(target_relation, inputs, engine_version) -%}
    {%- endif -%}
    {%- do get_assert_columns_equivalent(work.sql) -%}

    {%- set columns = model.columns.values() | map(attribute='name') | join(', ') -%}
    {%- if first_touched is not none -%}
        {% call statement('forget') -%}
            delete from {{ stepped }} where period_index >= {{ first_touched }}
        {%- endcall %}
        {% call statement('periods', fetch_result=True) -%}
            select distinct period_index from {{ inputs }} where period_index >= {{ first_touched }} order by period_index
        {%- endcall %}
        {%- for row in load_result('periods')['data'] %}
            {% call statement('step_' ~ loop.index) -%}
                insert into {{ stepped }} ({{ columns }})
                select {{ columns }} from (
                    {{ work.sql }}
                ) as step where period_index = {{ row[0] }}
            {%- endcall %}
        {%- endfor %}
    {%- endif %}

    {%- if rebuild and existing is not none -%}
        {%- do adapter.drop_relation(existing) -%}
        {%- do adapter.rename_relation(stepped, target_relation) -%}
    {%- endif -%}
    {% call statement('main') -%}
        select count(*) from {{ target_relation }}
    {%- endcall %}

    {% do create_indexes(target_relation) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=rebuild)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- Whether a stepwise table has just the columns that the model's contract asks for. -#}
{% macro stepwise_has_columns(relation) %}
    {%- set actual = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | sort -%}
    {%- set wanted = model.columns.values() | map(attribute='name') | map('lower') | sort -%}
    {{- return(actual == wanted) -}}
{% endmacro %}


{#- First period whose inputs are not those that the table records; none when nothing was touched.
    Values are compared in the table's types. -#}
{% macro stepwise_first_touched(relation, inputs, engine_version) %}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
    {%- endfor -%}
    {%- set compared = [] -%}
    {%- for column in config.get('compared') or adapter.get_columns_in_relation(inputs) | map(attribute='name') -%}
        {%- if column | lower not in types -%}
            {%- do exceptions.raise_compiler_error(model.name ~ ': the step does not record column ' ~ column ~ ' of ' ~ inputs.identifier) -%}
        {%- endif -%}
        {%- do compared.append('cast(' ~ column ~ ' as ' ~ types[column | lower] ~ ')') -%}
    {%- endfor -%}
    {% call statement('first_touched', fetch_result=True) -%}
        with given as (
            select period_index, count(*) as row_count, sum({{ row_hash(compared) }}) as content
            from {{ inputs }}
            group by period_index
        ),

        recorded as (
            select
                period_index,
                count(*) as row_count,
                sum({{ row_hash(compared) }}) as content,
                sum(case when engine_version = '{{ engine_version }}' then 0 else 1 end) as outdated_rows
            from {{ relation }}
            group by period_index
        )

        select min(coalesce(given.period_index, recorded.period_index)) as first_touched
        from given
        full outer join recorded on given.period_index = recorded.period_index
        where
            given.period_index is null
            or recorded.period_index is null
            or given.row_count <> recorded.row_count
            or given.content <> recorded.content
            or recorded.outdated_rows > 0
    {%- endcall %}
    {{- return(load_result('first_touched')['data'][0][0]) -}}
{% endmacro %}
