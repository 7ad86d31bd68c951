{#- Why a raw value that did not become its type makes the row unusable. -#}
{% macro unparsable_reason(data_type) %}
    {{- return({'date': 'unparsable_date', 'timestamp': 'unparsable_date', 'boolean': 'unparsable_boolean'}
        .get(data_type, 'unparsable_number')) -}}
{% endmacro %}

{% macro when_unparsable(column, data_type) -%}
    {%- if data_type != 'string' -%}
            when typed.{{ column }} is null and {{ is_filled('typed.' ~ column ~ '_input') }} then '{{ unparsable_reason(data_type) }}'
    {%- endif -%}
{%- endmacro %}

{#- Key columns joined by '|', a part that is missing left empty; NULL where all are missing. -#}
{% macro key_text(parts) -%}
    nullif(
        {%- for part in parts %}
        coalesce(cast({{ part }} as {{ dbt.type_string() }}), ''){{ " || '|' ||" if not loop.last }}
        {%- endfor %}, '{{ '|' * (parts | length - 1) }}'
    )
{%- endmacro %}

{#- Every row of a contract table, cleaned, typed and judged by the rules of the input contract:
    `rejection_reason` says why a row does not count, NULL that it does.
    columns     {column: contract type}, in contract order (it breaks ties)
    key         columns that name a row
    event_time  column that says when it happened: required, and not after the row was loaded
    amounts     numbers without which the row says nothing
    accepted    {column: [values]}: any other value rejects, and so does none
    parent      {relation, on, column, reason, happened_on, carried}: rejects where the join finds no `column`;
                `happened_on` is the day of the parent's event, `carried` {name: expression} what rows take over
    currency    column to be compared with var reporting_currency
    Beside the columns of the contract a row has its `bucket` (macro bucket_of; that of its parent, so that
    both change together) and, where it happens in time or its parent does, its `period_index`.
    Run by the materialization `judged`, which judges the touched buckets alone. -#}
{% macro judged_rows(table, columns, key, event_time=none, amounts=[], accepted={}, parent=none, currency=none) %}
    {%- set all_columns = dict(columns, loaded_at='timestamp', is_deleted='boolean') -%}
    {%- set carried = (parent or {}).get('carried', {}) -%}
    {%- set happened_on = 'cast(typed.' ~ event_time ~ ' as date)' if event_time else (parent or {}).get('happened_on') -%}
    {#- a parent named by the key itself is the same for all versions of a row: it is joined once, at the end -#}
    {%- set is_child = parent and 'happened_on' in parent -%}
    {%- set key_inputs, typed_key, key_values = [], [], [] -%}
    {%- for column in key -%}
        {%- do typed_key.append('typed.' ~ column) -%}
        {%- do key_inputs.append(column if columns[column] == 'string' else parse_text(column ~ '_input')) -%}
        {%- do key_values.append(parse_value('input_rows.' ~ column, columns[column])) -%}
    {%- endfor -%}
    {%- set bucket_values = key_values[:1] if is_child else key_values -%}
with

input_rows as {{ not_kept() }} (
    {{ contract_input(table, all_columns) }}
),

keyed_rows as {{ not_kept() }} (
    select
        input_rows.*,
        {{ key_hash(key_values) }} as key_hash,
        {{ bucket_of(bucket_values) }} as bucket
    from input_rows
),

touched_rows as {{ not_kept() }} /* touched rows */ (
    select *
    from keyed_rows
    where 1 = 1 /* of touched buckets */
),

-- few keys repeat: only their rows are sorted (a hash met by chance costs a sort, nothing else)
repeated_keys as {{ kept() }} (
    select key_hash
    from touched_rows
    group by key_hash
    having count(*) > 1
),

single_inputs as {{ not_kept() }} (
    select touched_rows.*
    from touched_rows
    left join repeated_keys on touched_rows.key_hash = repeated_keys.key_hash
    where repeated_keys.key_hash is null
),

repeated_inputs as {{ not_kept() }} (
    select touched_rows.*
    from touched_rows
    inner join repeated_keys on touched_rows.key_hash = repeated_keys.key_hash
),
{% for kind in ['single', 'repeated'] %}
-- the raw value stays beside the typed one, for the judgement alone
{{ kind }}_typed as {{ evaluated_once() }} (
    select
    {%- for column, data_type in all_columns.items() %}
        {%- if data_type != 'string' %}
        {{ kind }}_inputs.{{ column }} as {{ column }}_input,
        {%- endif %}
        {{ parse_value(kind ~ '_inputs.' ~ column, data_type) }} as {{ column }},
    {%- endfor %}
        {{ kind }}_inputs.bucket
    from {{ kind }}_inputs
),

-- a deletion needs nothing but its key
{{ kind }}_judged as (
    select
    {%- for column in all_columns if column != 'is_deleted' %}
        typed.{{ column }},
    {%- endfor %}
        coalesce(typed.is_deleted, false) as is_deleted,
        typed.bucket,
    {%- for column in key if columns[column] != 'string' %}
        typed.{{ column }}_input,
    {%- endfor %}
        case
        {%- for column in key %}
            {{ when_unparsable(column, columns[column]) }}
        {%- endfor %}
            when {{ typed_key | join(' is null or ') }} is null then 'missing_key'
            {{ when_unparsable('loaded_at', 'timestamp') }}
            {{ when_unparsable('is_deleted', 'boolean') }}
            when typed.is_deleted then null
        {%- for column, data_type in columns.items() if column not in key and data_type != 'string' %}
            {{ when_unparsable(column, data_type) }}
        {%- endfor %}
        {%- if event_time and event_time not in key %}
            when typed.{{ event_time }} is null then 'missing_event_time'
        {%- endif %}
        {%- for column in amounts %}
            when typed.{{ column }} is null then 'missing_amount'
        {%- endfor %}
        {%- for column, values in accepted.items() %}
            {%- if column not in key %}
            when typed.{{ column }} is null then 'missing_{{ column }}'
            {%- endif %}
            when typed.{{ column }} not in ('{{ values | join("', '") }}') then 'unknown_{{ column }}'
        {%- endfor %}
        {%- if event_time %}
            when cast(typed.{{ event_time }} as {{ dbt.type_timestamp() }}) > typed.loaded_at + interval '1 day' then 'event_after_load'
        {%- endif %}
        {%- if currency and var('reporting_currency', none) %}
            when typed.{{ currency }} <> '{{ var("reporting_currency") }}' then 'foreign_currency'
        {%- endif %}
        {%- if parent and not is_child %}
            when parents.{{ parent.column }} is null then '{{ parent.reason }}'
        {%- endif %}
        end as rejection_reason
    from {{ kind }}_typed as typed
    {%- if parent and not is_child %}
    left join {{ parent.relation }} as parents on {{ parent.on }}
    {%- endif %}
),
{% endfor %}
ranked as (
    select
        *,
        1 as version_number,
        1 as version_number_alike
    from single_judged
    union all
    select
        *,
    {%- for alike in ['', 'judged.is_deleted, '] %}
        row_number() over (
            partition by judged.rejection_reason is null, {{ alike }}{% for column in key %}judged.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by
                judged.loaded_at desc nulls last,
            {%- for column, data_type in columns.items() if column not in key %}
                {{ bytewise('judged.' ~ column) if data_type == 'string' else 'judged.' ~ column }} desc nulls last,
            {%- endfor %}
                judged.is_deleted desc
        ) as version_number{{ '_alike' if alike }}{{ ',' if not alike }}
    {%- endfor %}
    from repeated_judged as judged
),
{%- if is_child %}

-- rows without a parent are rejected, but for deletions, which then stand among themselves
decided as (
    select
        typed.*,
    {%- for name, expression in carried.items() %}
        {{ expression }} as {{ name }},
    {%- endfor %}
    {%- if happened_on %}
        {{ period_index(happened_on) }} as period_index,
    {%- endif %}
        case
            when typed.rejection_reason is not null then typed.rejection_reason
            when parents.{{ parent.column }} is null and not typed.is_deleted then '{{ parent.reason }}'
            when parents.{{ parent.column }} is null and typed.version_number_alike > 1 then 'superseded'
            when parents.{{ parent.column }} is not null and typed.version_number > 1 then 'superseded'
            when typed.is_deleted then 'deleted'
        end as final_reason
    from ranked as typed
    left join {{ parent.relation }} as parents on {{ parent.on }}
),
{%- else %}

decided as (
    select
        typed.*,
    {%- if happened_on %}
        {{ period_index(happened_on) }} as period_index,
    {%- endif %}
        case
            when typed.rejection_reason is not null then typed.rejection_reason
            when typed.version_number > 1 then 'superseded'
            when typed.is_deleted then 'deleted'
        end as final_reason
    from ranked as typed
),
{%- endif %}

final as (
    select
    {%- for column in all_columns %}
        {{ column }},
    {%- endfor %}
        final_reason as rejection_reason,
        -- rows that count are found by their columns
        case when final_reason is not null then {{ key_text(key_inputs) }} end as row_key,
    {%- if happened_on %}
        period_index,
    {%- endif %}
    {%- for name in carried %}
        {{ name }},
    {%- endfor %}
        bucket
    from decided
)

select * from final
{%- endmacro %}


{#- Which of 1,048,576 parts of a table a row belongs to, by the values of its key: all versions share it. -#}
{% macro bucket_of(key_values) -%}
    cast({{ key_hash(key_values) }} & 1048575 as integer)
{%- endmacro %}
