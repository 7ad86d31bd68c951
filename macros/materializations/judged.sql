{#-
    Materialization `judged`: the table of a base model (macro judged_rows), kept by buckets of its key.
    Table `<name>__buckets` beside the build's record holds, for each bucket, count and sum of hashes of the
    raw rows that it was judged from (of its parent's bucket too); buckets where they differ now are judged anew, all others stay. Where
    the files of a raw table have the signature on record, the raw rows are not even read.
    Var noticing='counts' compares counts and sums of numbers instead of hashes: for companies whose tables
    are only ever appended to.
-#}
{% materialization judged, default, supported_languages=['sql'] %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set buckets = buckets_of(model) -%}
    {%- set now, touched, fresh = this.identifier ~ '__now', this.identifier ~ '__touched', this.identifier ~ '__fresh' -%}
    {%- set table = (model.name | replace('base_', '', 1)).replace('__', '_', 1) -%}
    {%- set parent = judged_parent() -%}
    {%- set is_dated = 'period_index' in model.columns -%}

    {%- set found = judged_state(table, parent) -%}
    {%- set recorded = judged_record(model.unique_id) -%}
    {%- set is_new = existing is none or not existing.is_table or should_full_refresh() or recorded.state is none
        or recorded.state['sql'] != found['sql'] or recorded.state['parent_sql'] != found['parent_sql'] -%}
    {%- set is_read = is_new or found.signature is none or recorded.state.signature != found.signature -%}
    {%- set work = namespace(is_all=is_new, count=0, first=none, reason='first build' if is_new else '') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if is_read or recorded.state.parent != found.parent -%}
        {% call statement('now') -%}
            create temporary table {{ now }} as
            {{ bucket_contents(table, parent, buckets if not is_read) }}
        {%- endcall %}
        {%- if not is_new -%}
            {% call statement('touched') -%}
                create temporary table {{ touched }} as
                select coalesce(given.bucket, recorded.bucket) as bucket
                from {{ now }} as given
                full outer join {{ buckets }} as recorded on given.bucket = recorded.bucket
                where
                    given.row_count is distinct from recorded.row_count
                    or given.content is distinct from recorded.content
                    or given.parent_content is distinct from recorded.parent_content
            {%- endcall %}
            {% call statement('count', fetch_result=True) -%}
                select (select count(*) from {{ touched }}), (select count(*) from {{ buckets }})
            {%- endcall %}
            {%- set counted = load_result('count')['data'][0] -%}
            {%- set work.count = counted[0] -%}
            {#- so much is new that all costs less -#}
            {%- set work.is_all = counted[0] * 2 > counted[1] -%}
        {%- endif -%}

        {%- if work.is_all -%}
            {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
            {% call statement('main') -%}
                {{ get_create_table_as_sql(False, target_relation, sql) }}
            {%- endcall %}
            {% call statement('buckets') -%}
                drop table if exists {{ buckets }};
                create table {{ buckets }} as select {{ now }}.*, {{ run_moment() }} as touched_at from {{ now }}
            {%- endcall %}
        {%- elif work.count -%}
            {% call statement('fresh') -%}
                create temporary table {{ fresh }} as
                {{ rows_of_buckets(touched) }}
            {%- endcall %}
            {%- set names = adapter.get_columns_in_relation(target_relation) | map(attribute='quoted') | list -%}
            {%- set came, went, work.first = judged_difference(target_relation, names, fresh, touched, is_dated) -%}
            {%- set work.reason = came ~ ' rows came, ' ~ went ~ ' went' -%}
            {% call statement('main') -%}
                {#- by content: most rows of a touched bucket are as they were -#}
                delete from {{ target_relation }}
                where
                    bucket in (select bucket from {{ touched }})
                    and {{ row_hash(names) }} in (select content from {{ fresh }}_changed);
                insert into {{ target_relation }}
                select * from {{ fresh }} where {{ row_hash(names) }} in (select content from {{ fresh }}_changed);
                drop table {{ fresh }}_changed;
                delete from {{ buckets }} where bucket in (select bucket from {{ touched }});
                insert into {{ buckets }}
                select given.*, {{ run_moment() }} as touched_at
                from {{ now }} as given
                where given.bucket in (select bucket from {{ touched }});
                drop table {{ fresh }}
            {%- endcall %}
        {%- endif -%}
        {%- do record_judged(target_relation, found, recorded, work, is_dated) -%}
        {% call statement('clean') -%}
            drop table {{ now }}
            {%- if not is_new %}; drop table {{ touched }}{% endif %}
        {%- endcall %}
        {{ finish_table(target_relation, existing, work.is_all) }}
    {%- endif %}
    {{ store_raw_result('main', message='JUDGED' if work.is_all or work.count else 'UNCHANGED', code='OK', rows_affected=0, agate_table=none) }}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- The node of the base model without whose rows those of this one are rejected; none: there is none. -#}
{% macro judged_parent() %}
    {%- for unique_id in tables_behind(model.depends_on.nodes) -%}
        {%- set node = graph.nodes.get(unique_id) -%}
        {%- if node and node.config.materialized == 'judged' -%}{{- return(node) -}}{%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}


{#- What a base table depends on, short of the rows themselves. -#}
{% macro judged_state(table, parent) %}
    {%- set state = {
        'sql': local_md5(sql ~ var('noticing', 'content')), 'parent_sql': none, 'parent': none, 'signature': none
    } -%}
    {%- if parent -%}
        {%- set of_parent = judged_record(parent.unique_id) -%}
        {%- do state.update({'parent_sql': of_parent.state['sql'], 'parent': of_parent.token}) -%}
    {%- endif -%}
    {%- if table not in (var('inputs_from_models', none) or []) -%}
        {%- call statement('signature', fetch_result=True, auto_begin=False) -%}
            {#- by the name in the warehouse, which var raw_identifiers may have made another -#}
            select signature from {{ build_record('input_files') }} where table_name = '{{ contract_source(table).identifier }}'
        {%- endcall -%}
        {%- for row in load_result('signature')['data'] -%}{%- do state.update({'signature': row[0]}) -%}{%- endfor -%}
    {%- endif -%}
    {{- return(state) -}}
{% endmacro %}


{#- Token and state on record for a base table; none where there is none. -#}
{% macro judged_record(unique_id) %}
    {%- call statement('record', fetch_result=True, auto_begin=False) -%}
        select token, inputs from {{ build_record('period_tokens') }} where model = '{{ unique_id }}' and period_index is null
    {%- endcall -%}
    {%- set rows = load_result('record')['data'] -%}
    {{- return({'token': rows[0][0], 'state': fromjson(rows[0][1])} if rows else {'token': none, 'state': none}) -}}
{% endmacro %}


{#- A select of what each bucket's raw rows hold: read anew, or as recorded in `buckets`. -#}
{% macro bucket_contents(table, parent, buckets=none) %}
    {%- set columns = contract_columns(table) -%}
    {%- set key = contract_source(table).config.meta.key -%}
    {%- set numbers, key_values = [], [] -%}
    {%- for column in (key[:1] if parent else key) -%}{%- do key_values.append(parse_value(column, columns[column])) -%}{%- endfor -%}
    {%- for column, data_type in columns.items() if data_type == 'integer' or data_type.startswith('numeric') -%}
        {%- do numbers.append('coalesce(' ~ parse_value(column, data_type) ~ ', 0)') -%}
    {%- endfor -%}
    with contents as (
        {% if buckets -%}
        select bucket, row_count, content from {{ buckets }}
        {%- else -%}
        select bucket, count(*) as row_count, sum(content) as content
        from (
            select
                {{ bucket_of(key_values) }} as bucket,
                {{ row_hash(columns.keys() | list) if var('noticing', 'content') == 'content' else numbers | join(' + ') or 0 }} as content
            from ({{ contract_input(table, columns) }}) as input_rows
        ) as input_rows
        group by bucket
        {%- endif %}
    )

    select
        contents.bucket,
        contents.row_count,
        contents.content,
        {% if parent -%}
        coalesce(parents.content, 0) as parent_content
    from contents
    left join {{ buckets_of(parent) }} as parents
        on contents.bucket = parents.bucket
        {%- else -%}
        0 as parent_content
    from contents
        {%- endif %}
{% endmacro %}


{#- The model's SQL for some buckets alone: their raw rows, which it looks at three times, are kept meanwhile. -#}
{% macro rows_of_buckets(touched) -%}
    {{- sql.replace('1 = 1 /* of touched buckets */', 'bucket in (select bucket from ' ~ touched ~ ')').replace(
        not_kept() ~ ' /* touched rows */', kept()
    ) -}}
{%- endmacro %}


{#- Compares the touched buckets before and after: keeps in `<fresh>_changed` the hashes of rows that came or went,
    gives the periods whose usable rows differ a new token, and says how many rows came and went. -#}
{% macro judged_difference(relation, names, fresh, touched, is_dated) %}
    {%- set compared = ('period_index' if is_dated else 'null as period_index') ~ ', rejection_reason is null as is_usable, '
        ~ row_hash(names) ~ ' as content' -%}
    {% call statement('changed') -%}
        create temporary table {{ fresh }}_changed as
        select content, period_index, is_usable, sum(difference) as difference
        from (
            select {{ compared }}, 1 as difference from {{ fresh }}
            union all
            select {{ compared }}, -1 as difference from {{ relation }} where bucket in (select bucket from {{ touched }})
        ) as both_states
        group by period_index, is_usable, content
        having sum(difference) <> 0
    {%- endcall %}
    {%- if is_dated -%}
        {% call statement('tokens') -%}
            delete from {{ build_record('period_tokens') }}
            where model = '{{ model.unique_id }}' and period_index in (select period_index from {{ fresh }}_changed where is_usable);
            insert into {{ build_record('period_tokens') }} (model, period_index, token)
            select distinct '{{ model.unique_id }}', period_index, '{{ invocation_id }}'
            from {{ fresh }}_changed
            where is_usable
        {%- endcall %}
    {%- endif -%}
    {% call statement('difference', fetch_result=True) -%}
        select
            coalesce(sum(case when difference > 0 then difference end), 0),
            coalesce(-sum(case when difference < 0 then difference end), 0),
            min(case when is_usable then period_index end)
        from {{ fresh }}_changed
    {%- endcall %}
    {{- return(load_result('difference')['data'][0]) -}}
{% endmacro %}


{#- Record the state that a base table was judged in, and, of a table made as a whole, a token for each period. -#}
{% macro record_judged(relation, found, recorded, work, is_dated) %}
    {%- set token = invocation_id if work.is_all or work.count else recorded.token -%}
    {% call statement('record_state') -%}
        delete from {{ build_record('period_tokens') }} where model = '{{ model.unique_id }}' {%- if not work.is_all %} and period_index is null{% endif %};
        insert into {{ build_record('period_tokens') }} (model, period_index, token, inputs)
        values ('{{ model.unique_id }}', null, '{{ token }}', '{{ tojson(found) }}')
        {%- if work.is_all and is_dated %};
        insert into {{ build_record('period_tokens') }} (model, period_index, token)
        select distinct '{{ model.unique_id }}', period_index, '{{ token }}'
        from {{ relation }}
        where rejection_reason is null
        {%- endif %}
    {%- endcall %}
    {%- if work.is_all or work.count -%}{%- do record_run(work.first, work.reason) -%}{%- endif -%}
{% endmacro %}
