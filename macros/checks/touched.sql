{#- Tests of a daily run look at what was made anew since the last run that was tested and published; with
    env FULL_TESTS=1 at everything. -#}

{#- dbt's own, which gives a generic test what it looks at: of a table of periods the touched ones, of a base
    or staging model the touched buckets, else all of it. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- set rows = touched_rows(relation) -%}
    {%- if where -%}{%- set rows = '(select * from ' ~ rows ~ ' as touched_rows where ' ~ where ~ ')' -%}{%- endif -%}
    {{- return(rows ~ ' as rows_to_test') -}}
{%- endmacro %}


{#- A select, without a name, of what a generic test looks at. -#}
{% macro touched_rows(relation) %}
    {%- set node = node_of(relation) if execute else none -%}
    {%- if node and node.name.startswith('stg_') and node.package_name == 'dynamic_segmentation' -%}
        {%- set base = graph.nodes[node.depends_on.nodes | select('in', graph.nodes) | first] -%}
        {%- if base.config.materialized == 'judged' and not all_is_tested_again() -%}
            {{- return('(' ~ rows_of_touched_buckets(base) ~ ')') -}}
        {%- endif -%}
        {{- return(relation) -}}
    {%- endif -%}
    {%- if node and node.package_name == 'dynamic_segmentation' and 'period_index' in node.columns
        and node.config.materialized in ['periodic', 'stepwise', 'view'] and not all_is_tested_again() -%}
        {{- return(in_touched_periods(relation)) -}}
    {%- endif -%}
    {{- return(relation) -}}
{% endmacro %}


{#- A select, without a name, of a relation with a `period_index`, less the periods that no run touched; `back`
    periods before the first touched one stay. -#}
{% macro in_touched_periods(relation, back=0) -%}
    (select * from {{ relation }} where period_index >= {{ first_untested_period() - back }})
{%- endmacro %}


{#- First period of all that was made anew since the last tested run; beyond all periods when nothing was. -#}
{% macro first_untested_period() %}
    {%- if not execute or all_is_tested_again() -%}{{- return(-1000000) -}}{%- endif -%}
    {%- call statement('untested', fetch_result=True, auto_begin=False) -%}
        select coalesce(min(from_period_index), 1000000) as first_period_index
        from {{ build_record('touched_periods') }}
        where {{ is_untested() }}
    {%- endcall -%}
    {{- return(load_result('untested')['data'][0][0]) -}}
{% endmacro %}


{#- Also where nothing is on record yet, or nothing is tested: compiling asks the warehouse for nothing. -#}
{% macro all_is_tested_again() %}
    {%- if env_var('FULL_TESTS', '') not in ['', '0'] or flags.WHICH not in ['build', 'test', 'retry'] -%}
        {{- return(true) -}}
    {%- endif -%}
    {%- set record = build_record('tested') -%}
    {{- return(not adapter.get_relation(record.database, record.schema, record.identifier)) -}}
{% endmacro %}


{#- Whether what was touched at `touched_at` came after the last run that was tested and published. -#}
{% macro is_untested() -%}
    touched_at > coalesce((select max(tested_until) from {{ build_record('tested') }}), cast('0001-01-01' as {{ dbt.type_timestamp() }}))
{%- endmacro %}


{% macro rows_of_touched_buckets(base) -%}
    select judged.*
    from {{ base.relation_name }} as judged
    where
        judged.rejection_reason is null
        and judged.bucket in (
            select bucket from {{ buckets_of(base) }}
            where {{ is_untested() }}
        )
{%- endmacro %}


{% macro node_of(relation) %}
    {{- return(graph.nodes.values() | selectattr('relation_name', 'equalto', relation | string) | first) -}}
{% endmacro %}


{#- The table of a judged model's buckets (materialization judged). -#}
{% macro buckets_of(node) %}
    {{- return(build_record(node.alias ~ '__buckets')) -}}
{% endmacro %}


{#- How many rows the input of a contract table has: as counted when they were last read. -#}
{% macro rows_delivered(table) -%}
    {%- set relation = ref(staging_model('base', table)) -%}
    {%- set node = node_of(relation) if execute else none -%}
    {%- if node and node.config.materialized == 'judged' -%}
        (select coalesce(sum(row_count), 0) from {{ buckets_of(node) }})
    {%- else -%}
        (select count(*) from ({{ contract_input(table) }}) as input_rows)
    {%- endif -%}
{%- endmacro %}
