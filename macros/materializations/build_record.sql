{#-
    What each table was made from, kept beside the build in schema <target schema>_refresh:

    period_tokens    model, period_index (null: of the model as a whole), token, inputs: equal tokens mean equal
                     content. The token of a judged table's period is given when a row of the period changes.
                     The token of a period table's period is a hash of its SQL and of the tokens of all it was
                     made from, in that period and before, which `inputs` lists.
    touched_periods  model, from_period_index, reason, touched_at: what each run made anew, and why.
    tested           tested_until: start of the last run that was tested and published.
    published        run_id, layout: which run was published from here last, and as what (scripts/publish.py).
    input_files      table_name, signature, row_count: content of the files a raw table reads (scripts/load_sources.py).
-#}
{% macro create_build_record() %}
    {%- set text, moment = dbt.type_string(), dbt.type_timestamp() -%}
    create schema if not exists "{{ target.schema }}_refresh";
    create table if not exists {{ build_record('period_tokens') }} (model {{ text }}, period_index integer, token {{ text }}, inputs {{ text }});
    create table if not exists {{ build_record('touched_periods') }} (model {{ text }}, from_period_index integer, reason {{ text }}, touched_at {{ moment }});
    create table if not exists {{ build_record('tested') }} (tested_until {{ moment }});
    create table if not exists {{ build_record('published') }} (run_id {{ text }}, layout {{ text }});
    create table if not exists {{ build_record('input_files') }} (table_name {{ text }}, signature {{ text }}, row_count bigint)
{% endmacro %}


{% macro build_record(table) %}
    {{- return(api.Relation.create(database=target.database, schema=target.schema ~ '_refresh', identifier=table)) -}}
{% endmacro %}


{#- Unique ids of the tables that a model reads, through views of this package. -#}
{% macro tables_behind(unique_ids) %}
    {%- set found = [] -%}
    {%- for unique_id in unique_ids -%}
        {%- set node = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
        {%- set is_our_view = node.resource_type == 'model' and node.config.materialized in ['view', 'ephemeral']
            and node.package_name == 'dynamic_segmentation' and node.depends_on.nodes -%}
        {%- for behind in (tables_behind(node.depends_on.nodes) if is_our_view else [unique_id]) if behind not in found -%}
            {%- do found.append(behind) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- Names of a table's columns: those described in its YAML, since every column of this package is. -#}
{% macro column_names(node) %}
    {%- if node.package_name == 'dynamic_segmentation' and node.columns -%}
        {{- return(node.columns.keys() | map('lower') | list) -}}
    {%- endif -%}
    {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias or node.identifier) -%}
    {{- return(adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list) -}}
{% endmacro %}


{#- A select of `period_index` and `token` of one table that a period table reads. Tables that are not
    told apart by period speak for themselves as a whole (period_index null). -#}
{% macro input_tokens(unique_id) %}
    {%- set node = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
    {%- set materialized = node.config.materialized -%}
    {%- if materialized in ['periodic', 'stepwise'] -%}
        select period_index, token from {{ build_record('period_tokens') }} where model = '{{ unique_id }}'
    {%- elif materialized == 'judged' and 'period_index' in node.columns -%}
        {#- what happened after as_of_date is not yet known -#}
        {%- set last_known = period_index(as_of_date()) -%}
        select
            period_index,
            case when period_index = {{ last_known }} then token || {{ as_text(as_of_date()) }} else token end as token
        from {{ build_record('period_tokens') }}
        where model = '{{ unique_id }}' and period_index <= {{ last_known }}
    {%- elif materialized == 'judged' -%}
        select period_index, token from {{ build_record('period_tokens') }} where model = '{{ unique_id }}' and period_index is null
    {%- else -%}
        {{ content_tokens(node) }}
    {%- endif -%}
{% endmacro %}


{#- The same by reading a table: count and sum of row hashes, of each period where it has a
    `period_index`; of the rows in force in each period where it has a first and last one (config meta
    `dated_columns` may name the columns that count); else of all. -#}
{% macro content_tokens(node) %}
    {%- set names = column_names(node) -%}
    {%- set content = as_text('count(*)') ~ " || ' ' || " ~ as_text('sum(content)') -%}
    {%- if 'period_index' in names -%}
        select period_index, {{ content }} as token
        from (select period_index, {{ row_hash(names) }} as content from {{ node.relation_name }}) as given
        group by period_index
    {%- elif 'first_period_index' in names and 'last_period_index' in names -%}
        {%- set compared = (node.config.meta or {}).get('dated_columns')
            or names | reject('in', ['first_period_index', 'last_period_index']) | list -%}
        {#- from each period in which a row begins or has ended until the next one -#}
        select
            from_period_index as period_index,
            '~' || {{ as_text('sum(sum(row_count)) over (order by from_period_index)') }}
            || ' ' || {{ as_text('sum(sum(content)) over (order by from_period_index)') }} as token
        from (
            select first_period_index as from_period_index, count(*) as row_count, sum({{ row_hash(compared) }}) as content
            from {{ node.relation_name }}
            where first_period_index <= coalesce(last_period_index, first_period_index)
            group by first_period_index
            union all
            select last_period_index + 1 as from_period_index, -count(*) as row_count, -sum({{ row_hash(compared) }}) as content
            from {{ node.relation_name }}
            where first_period_index <= last_period_index
            group by last_period_index
        ) as edges
        group by from_period_index
    {%- else -%}
        select cast(null as integer) as period_index, {{ content }} as token
        from (select {{ row_hash(names) }} as content from {{ node.relation_name }}) as given
    {%- endif -%}
{% endmacro %}


{% macro as_text(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}


{#- What the tables behind this model hold now: {model: {period_index: token}}. -#}
{% macro tokens_behind() %}
    {%- set inputs = tables_behind(model.depends_on.nodes) -%}
    {%- set selects = [] -%}
    {%- for unique_id in inputs if unique_id != model.unique_id -%}
        {%- do selects.append("select '" ~ unique_id ~ "' as model, period_index, token from (" ~ input_tokens(unique_id) ~ ') as given') -%}
    {%- endfor -%}
    {%- set found = {} -%}
    {%- if selects -%}
        {%- call statement('tokens_behind', fetch_result=True, auto_begin=False) -%}
            select model, {{ dbt.listagg("coalesce(" ~ as_text('period_index') ~ ", '') || '=' || token", "'|'", 'order by period_index') }}
            from ({{ selects | join(' union all ') }}) as tokens
            where token is not null
            group by model
            order by model
        {%- endcall -%}
        {%- for name, tokens in load_result('tokens_behind')['data'] -%}
            {%- set of_periods = {} -%}
            {%- for entry in tokens.split('|') -%}
                {%- set period, token = entry.split('=', 1) -%}
                {%- do of_periods.update({(period | int if period else none): token}) -%}
            {%- endfor -%}
            {%- do found.update({name: of_periods}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- Whether tokens are those of a table dated by first and last periods: each holds until the next one. -#}
{% macro holds_until_next(tokens) %}
    {{- return((tokens.values() | first).startswith('~')) -}}
{% endmacro %}


{#- Periods that a period table has: the closed ones; with config periods='all' every one of its inputs, with
    periods='last' the last closed one. -#}
{% macro periods_of_table(behind) %}
    {%- set found = [] -%}
    {%- set calendar = graph.nodes.values() | selectattr('name', 'equalto', 'int_periods') | first -%}
    {%- if config.get('periods') == 'all' or not calendar -%}
        {%- for tokens in behind.values() if not holds_until_next(tokens) -%}
            {%- for period in tokens if period is not none and period not in found -%}{%- do found.append(period) -%}{%- endfor -%}
        {%- endfor -%}
    {%- else -%}
        {%- call statement('closed_periods', fetch_result=True, auto_begin=False) -%}
            select period_index from {{ calendar.relation_name }} where is_closed
        {%- endcall -%}
        {%- for row in load_result('closed_periods')['data'] -%}{%- do found.append(row[0]) -%}{%- endfor -%}
    {%- endif -%}
    {{- return((found | sort)[-1:] if config.get('periods') == 'last' else found | sort) -}}
{% endmacro %}


{#- What of a period table is to be made anew: its `periods`, the `first` one whose content is not that on
    record (none: nothing), the `reason`, whether all of it (`is_all`), and the `tokens` to record. -#}
{% macro touched_periods(existing) %}
    {%- set behind = tokens_behind() -%}
    {%- set periods = periods_of_table(behind) -%}
    {%- set names = {} -%}
    {%- for unique_id in behind -%}{%- do names.update({unique_id: unique_id.split('.')[-1]}) -%}{%- endfor -%}

    {#- what counts for every period: the SQL, tables without periods, and what lies before the first period -#}
    {%- set of_all = {'its SQL': local_md5(sql.replace(as_of_date(), '') ~ model.columns.values() | map(attribute='data_type') | join(','))} -%}
    {%- for unique_id, tokens in behind.items() if not holds_until_next(tokens) -%}
        {%- set earlier = [] -%}
        {%- for period, token in tokens.items() if period is none or (periods and period < periods[0]) -%}
            {%- do earlier.append((period or '') ~ token) -%}
        {%- endfor -%}
        {%- if earlier -%}{%- do of_all.update({names[unique_id]: local_md5(earlier | join('|'))}) -%}{%- endif -%}
    {%- endfor -%}

    {%- set tokens = {} -%}
    {%- set chain = namespace(before='') -%}
    {%- for period in periods -%}
        {%- set inputs = dict(of_all) -%}
        {%- for unique_id, of_periods in behind.items() -%}
            {%- if holds_until_next(of_periods) -%}
                {%- do inputs.update({names[unique_id]: of_periods[of_periods.keys() | select('le', period) | max]}) if of_periods.keys() | select('le', period) | list -%}
            {%- elif period in of_periods -%}
                {%- do inputs.update({names[unique_id]: of_all.get(names[unique_id], '') ~ of_periods[period]}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set listed = tojson(inputs, sort_keys=True) -%}
        {%- set chain.before = local_md5(chain.before ~ listed) -%}
        {%- do tokens.update({period: (chain.before, listed)}) -%}
    {%- endfor -%}

    {%- call statement('recorded_tokens', fetch_result=True, auto_begin=False) -%}
        select period_index, token, inputs from {{ build_record('period_tokens') }} where model = '{{ model.unique_id }}'
    {%- endcall -%}
    {%- set recorded = {} -%}
    {%- for row in load_result('recorded_tokens')['data'] -%}{%- do recorded.update({row[0]: (row[1], row[2])}) -%}{%- endfor -%}

    {%- set is_new = existing is none or not existing.is_table or should_full_refresh() or not recorded -%}
    {%- set work = namespace(first=none, reason='first build' if is_new else none) -%}
    {%- for period in (periods + recorded.keys() | list) | unique | sort if work.first is none -%}
        {%- if is_new or tokens.get(period, [none])[0] != recorded.get(period, [none])[0] -%}
            {%- set work.first = period -%}
            {%- if not is_new -%}
                {%- set work.reason = reason_of_change(tokens.get(period), recorded.get(period)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return({
        'periods': periods, 'first': work.first, 'reason': work.reason, 'tokens': tokens,
        'is_all': is_new or (work.first is not none and (not periods or work.first <= periods[0]))
    }) -}}
{% endmacro %}


{% macro reason_of_change(now, before) %}
    {%- if not before -%}{{- return('new period') -}}{%- endif -%}
    {%- if not now -%}{{- return('period gone') -}}{%- endif -%}
    {%- set is_in, was_in = fromjson(now[1]), fromjson(before[1]) -%}
    {%- set changed = [] -%}
    {%- for name in (is_in.keys() | list + was_in.keys() | list) | unique | sort if is_in.get(name) != was_in.get(name) -%}
        {%- do changed.append(name) -%}
    {%- endfor -%}
    {{- return(changed | join(', ')) -}}
{% endmacro %}


{#- Record the tokens of the periods made anew, and that they were. Inside the transaction that made them. -#}
{% macro record_touched(touched) %}
    {%- call statement('forget_tokens') -%}
        delete from {{ build_record('period_tokens') }}
        where model = '{{ model.unique_id }}' {%- if not touched.is_all %} and period_index >= {{ touched.first }}{% endif %}
    {%- endcall -%}
    {%- set rows = [] -%}
    {%- for period, (token, inputs) in touched.tokens.items() if touched.is_all or period >= touched.first -%}
        {%- do rows.append("('" ~ model.unique_id ~ "', " ~ period ~ ", '" ~ token ~ "', '" ~ inputs.replace("'", "''") ~ "')") -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- call statement('record_tokens') -%}
            insert into {{ build_record('period_tokens') }} (model, period_index, token, inputs) values {{ rows | join(', ') }}
        {%- endcall -%}
    {%- endif -%}
    {%- if touched.first is not none -%}{%- do record_run(touched.first, touched.reason) -%}{%- endif -%}
{% endmacro %}


{#- Record that this run made a table anew from a period on (none: it has no periods). -#}
{% macro record_run(from_period_index, reason) %}
    {%- call statement('record_run') -%}
        insert into {{ build_record('touched_periods') }} (model, from_period_index, reason, touched_at)
        values ('{{ model.unique_id }}', {{ from_period_index if from_period_index is not none else 'null' }},
            '{{ (reason or '').replace("'", "''") }}', {{ run_moment() }})
    {%- endcall -%}
{% endmacro %}


{#- When this run began. -#}
{% macro run_moment() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{#- The end of the transaction that made a table, or a part of it, anew. -#}
{% macro finish_table(relation, existing, is_all) %}
    {%- if is_all -%}{%- do create_indexes(relation) -%}{%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=is_all)) -%}
    {%- do persist_docs(relation, model) -%}
    {%- do adapter.commit() -%}
{% endmacro %}
