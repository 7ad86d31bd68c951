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
    Beside the columns of the contract a row has its `bucket` (macro key_bucket; that of its parent, so that
    both change together) and, where it happens in time or its parent does, its `period_index`.
    Run by the materialization `judged`, which judges the touched buckets alone. -#}
{% macro judged_rows(table, columns, key, event_time=none, amounts=[], accepted={}, parent=none, currency=none) %}
    {%- set all_columns = dict(columns, loaded_at='timestamp', is_deleted='boolean') -%}
    {%- set bucket_columns = key[:1] if parent else key -%}
    {%- set carried = (parent or {}).get('carried', {}) -%}
    {%- set happened_on = 'cast(typed.' ~ event_time ~ ' as date)' if event_time else (parent or {}).get('happened_on') -%}
    {%- set key_inputs = [] -%}
    {%- set typed_key = [] -%}
    {%- for column in key -%}
        {%- do typed_key.append('typed.' ~ column) -%}
        {%- do key_inputs.append(column if columns[column] == 'string' else parse_text(column ~ '_input')) -%}
    {%- endfor -%}
with

input_rows as (
    {{ contract_input(table, all_columns) }}
),

touched_rows as (
    select *
    from (select input_rows.*, {{ key_bucket(bucket_columns, columns) }} as bucket from input_rows) as rows_in_buckets
    where 1 = 1 /* of touched buckets */
),

-- the raw value stays beside the typed one, for the judgement alone
typed as {{ evaluated_once() }} (
    select
    {%- for column, data_type in all_columns.items() %}
        {%- if data_type != 'string' %}
        touched_rows.{{ column }} as {{ column }}_input,
        {%- endif %}
        {{ parse_value('touched_rows.' ~ column, data_type) }} as {{ column }},
    {%- endfor %}
        touched_rows.bucket
    from touched_rows
),

-- a deletion needs nothing but its key
judged as (
    select
    {%- for column in all_columns if column != 'is_deleted' %}
        typed.{{ column }},
    {%- endfor %}
        coalesce(typed.is_deleted, false) as is_deleted,
        typed.bucket,
    {%- if happened_on %}
        {{ period_index(happened_on) }} as period_index,
    {%- endif %}
    {%- for name, expression in carried.items() %}
        {{ expression }} as {{ name }},
    {%- endfor %}
        {{ key_hash(typed_key) }} as key_hash,
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
        {%- if parent %}
            when parents.{{ parent.column }} is null then '{{ parent.reason }}'
        {%- endif %}
        end as rejection_reason
    from typed
    {%- if parent %}
    left join {{ parent.relation }} as parents on {{ parent.on }}
    {%- endif %}
),

-- few keys repeat: only their rows are sorted (a hash met by chance costs a sort, nothing else)
repeated_keys as (
    select key_hash
    from judged
    where rejection_reason is null
    group by key_hash
    having count(*) > 1
),

single_rows as (
    select judged.*, 1 as version_number
    from judged
    left join repeated_keys on judged.key_hash = repeated_keys.key_hash
    where judged.rejection_reason is not null or repeated_keys.key_hash is null
),

repeated_rows as (
    select
        judged.*,
        row_number() over (
            partition by {% for column in key %}judged.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by
                judged.loaded_at desc nulls last,
            {%- for column, data_type in columns.items() if column not in key %}
                {{ bytewise('judged.' ~ column) if data_type == 'string' else 'judged.' ~ column }} desc nulls last,
            {%- endfor %}
                judged.is_deleted desc
        ) as version_number
    from judged
    inner join repeated_keys on judged.key_hash = repeated_keys.key_hash
    where judged.rejection_reason is null
),

all_rows as (
    select * from single_rows
    union all
    select * from repeated_rows
),

final as (
    select
    {%- for column in all_columns %}
        {{ column }},
    {%- endfor %}
        case
            when rejection_reason is not null then rejection_reason
            when version_number > 1 then 'superseded'
            when is_deleted then 'deleted'
        end as rejection_reason,
        -- rows that count are found by their columns
        case when rejection_reason is not null or version_number > 1 or is_deleted then {{ key_text(key_inputs) }} end as row_key,
    {%- if happened_on %}
        period_index,
    {%- endif %}
    {%- for name in carried %}
        {{ name }},
    {%- endfor %}
        bucket
    from all_rows
)

select * from final
{%- endmacro %}


{#- Which of 1,048,576 parts of a table a raw row belongs to, by its key: all versions of a key share it. -#}
{% macro key_bucket(key, columns) -%}
    {%- set values = [] -%}
    {%- for column in key -%}{%- do values.append(parse_value(column, columns[column])) -%}{%- endfor -%}
    cast({{ key_hash(values) }} & 1048575 as integer)
{%- endmacro %}
