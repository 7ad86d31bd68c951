{#- Raw values to typed ones. Input may be text (CSV) or typed already (Parquet, a warehouse); what is
    not a value of the type becomes NULL and never stops the build. Text is judged by the same
    patterns on every engine. On DuckDB `typeof(column) = 'VARCHAR'` is folded when the query is
    planned, so a typed column pays for none of the text branches. -#}

{#- One value of a contract type. -#}
{% macro parse_value(expression, data_type) %}
    {%- if data_type == 'string' -%} {{- return(parse_text(expression)) -}}
    {%- elif data_type == 'boolean' -%} {{- return(parse_boolean(expression)) -}}
    {%- elif data_type == 'date' -%} {{- return(parse_date(expression)) -}}
    {%- elif data_type == 'timestamp' -%} {{- return(parse_timestamp(expression)) -}}
    {%- elif data_type == 'integer' -%} {{- return(parse_integer(expression)) -}}
    {%- else -%} {{- return(parse_number(expression, data_type)) -}}
    {%- endif -%}
{% endmacro %}

{% macro plain_number_pattern() -%}
    ^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$
{%- endmacro %}
{% macro number_pattern() -%}
    ^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$
{%- endmacro %}
{% macro date_pattern() -%}
    ^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$
{%- endmacro %}
{#- a bare date is its midnight -#}
{% macro timestamp_pattern() -%}
    ^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$
{%- endmacro %}
{% macro zone_pattern() -%}
    [0-9]{2}:[0-9]{2}[0-9:.]*(Z|[+-][0-9:]+)$
{%- endmacro %}

{#- Text without surrounding white space; empty is NULL. -#}
{% macro clean_text(expression) %}
    {{- return(adapter.dispatch('clean_text', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__clean_text(expression) -%}
    nullif(btrim(cast({{ expression }} as {{ dbt.type_string() }}), E' \t\r\n'), '')
{%- endmacro %}
{#- trim() with a list of characters is slow: only text that has white space (or nothing) at an end meets it. -#}
{% macro duckdb__clean_text(expression) -%}
    {%- set text = 'cast(' ~ expression ~ ' as varchar)' -%}
    case
        when substr({{ text }}, 1, 1) < '!' or substr({{ text }}, -1) < '!' then nullif(trim({{ text }}, E' \t\r\n'), '')
        else {{ text }}
    end
{%- endmacro %}

{#- Whether a raw value says anything: not NULL, not blank text, not a typed NaN or infinity. -#}
{% macro is_filled(expression) %}
    {{- return(adapter.dispatch('is_filled', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__is_filled(expression) -%}
    ({{ clean_text(expression) }} is not null and not (
        pg_typeof({{ expression }}) in ('real'::regtype, 'double precision'::regtype, 'numeric'::regtype)
        and cast({{ expression }} as text) in ('NaN', 'Infinity', '-Infinity')
    ))
{%- endmacro %}
{% macro duckdb__is_filled(expression) -%}
    ({{ clean_text(expression) }} is not null and not (
        typeof({{ expression }}) in ('FLOAT', 'DOUBLE') and not isfinite(try_cast({{ expression }} as double))
    ))
{%- endmacro %}

{#- A text column's value. A whole number that came as a double (an id in a column with gaps) has no `.0`. -#}
{% macro parse_text(expression) %}
    {{- return(adapter.dispatch('parse_text', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{#- PostgreSQL writes 1e+15, and of a real 1e+06 already, where DuckDB writes the digits (up to 1e16). -#}
{% macro default__parse_text(expression) -%}
    case
        when not {{ is_filled(expression) }} then null
        when pg_typeof({{ expression }}) in ('real'::regtype, 'double precision'::regtype) then
            case
                when cast({{ expression }} as text) ~ '[eE][+]' and abs(cast(cast({{ expression }} as text) as double precision)) < 1e16
                    then cast(cast(cast({{ expression }} as text) as numeric) as text)
                else cast({{ expression }} as text)
            end
        else {{ clean_text(expression) }}
    end
{%- endmacro %}
{% macro duckdb__parse_text(expression) -%}
    case
        when typeof({{ expression }}) in ('FLOAT', 'DOUBLE') then
            case when {{ is_filled(expression) }} then regexp_replace({{ clean_text(expression) }}, '[.]0$', '') end
        else {{ clean_text(expression) }}
    end
{%- endmacro %}

{#- Whether a column is of a text type. -#}
{% macro is_text(expression) %}
    {{- return(adapter.dispatch('is_text', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__is_text(expression) -%}
    (pg_typeof({{ expression }}) in ('text'::regtype, 'character varying'::regtype, 'character'::regtype))
{%- endmacro %}
{% macro duckdb__is_text(expression) -%}
    (typeof({{ expression }}) = 'VARCHAR' or typeof({{ expression }}) like 'ENUM%')
{%- endmacro %}

{#- A typed true is 1 and false 0, as a cast on DuckDB has it; a double next to nothing, whose text the pattern
    would not take, is 0. -#}
{% macro postgres_number_text(expression) -%}
    case
        when pg_typeof({{ expression }}) = 'boolean'::regtype then cast(cast(cast(cast({{ expression }} as text) as boolean) as integer) as text)
        when cast({{ expression }} as text) ~ '^[^e]+e-[0-9]{3}$' and pg_typeof({{ expression }}) = 'double precision'::regtype then '0'
        else {{ clean_text(expression) }}
    end
{%- endmacro %}

{#- A number of an exact type, rounded half away from zero; NULL when it does not fit. -#}
{% macro parse_number(expression, data_type) %}
    {{- return(adapter.dispatch('parse_number', 'dynamic_segmentation')(expression, data_type)) -}}
{% endmacro %}
{% macro default__parse_number(expression, data_type) -%}
    {%- set text = postgres_number_text(expression) -%}
    {%- set scale = data_type.split(',')[1] | replace(')', '') | int -%}
    cast(case
        when {{ text }} ~ '{{ number_pattern() }}' and length({{ text }}) < 10000 then
            case
                when abs(round(cast({{ text }} as numeric), {{ scale }})) < 1e{{ 18 - scale }} then cast({{ text }} as numeric)
            end
    end as {{ data_type }})
{%- endmacro %}
{#- A double goes by its shortest text where it is near the middle of two results, as binary fractions
    may lie on the wrong side of it; a float always, as its binary digits begin to show within six decimals. -#}
{% macro duckdb__parse_number(expression, data_type) -%}
    {%- set text = clean_text(expression) -%}
    {%- set scale = data_type.split(',')[1] | replace(')', '') | int -%}
    {%- set scaled = 'abs(try_cast(' ~ expression ~ ' as double)) * 1e' ~ scale -%}
    case
        when {{ duckdb__is_text(expression) }} then
            case
                when regexp_matches({{ text }}, '{{ plain_number_pattern() }}') then try_cast({{ text }} as {{ data_type }})
                -- the digits before an exponent need room of their own
                when regexp_matches({{ text }}, '{{ number_pattern() }}')
                    then try_cast(try_cast({{ text }} as decimal(38, {{ scale }})) as {{ data_type }})
            end
        when typeof({{ expression }}) = 'FLOAT' then try_cast(cast({{ expression }} as varchar) as {{ data_type }})
        when typeof({{ expression }}) = 'DOUBLE' then
            case
                when {{ scaled }} < 1e13 and abs({{ scaled }} - floor({{ scaled }}) - 0.5) > 0.01
                    then try_cast(try_cast({{ expression }} as double) as {{ data_type }})
                else try_cast(cast({{ expression }} as varchar) as {{ data_type }})
            end
        else try_cast({{ expression }} as {{ data_type }})
    end
{%- endmacro %}

{#- A whole number; NULL when it has a fraction (within ten decimals) or does not fit. -#}
{% macro parse_integer(expression) %}
    {{- return(adapter.dispatch('parse_integer', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__parse_integer(expression) -%}
    {%- set text = postgres_number_text(expression) -%}
    case
        when {{ text }} ~ '{{ number_pattern() }}' and length({{ text }}) < 10000 then
            case
                when round(cast({{ text }} as numeric), 10) between -2147483648 and 2147483647
                    and round(cast({{ text }} as numeric), 10) = trunc(round(cast({{ text }} as numeric), 10))
                    then cast(round(cast({{ text }} as numeric), 10) as integer)
            end
    end
{%- endmacro %}
{% macro duckdb__parse_integer(expression) -%}
    {%- set text = clean_text(expression) -%}
    case
        when {{ duckdb__is_text(expression) }} then
            case
                when regexp_matches({{ text }}, '{{ number_pattern() }}')
                    and try_cast({{ text }} as decimal(28, 10)) = trunc(try_cast({{ text }} as decimal(28, 10)))
                    then try_cast(try_cast({{ text }} as decimal(28, 10)) as integer)
            end
        when typeof({{ expression }}) in ('FLOAT', 'DOUBLE') or typeof({{ expression }}) like 'DECIMAL%' then
            case
                when try_cast({{ expression }} as decimal(28, 10)) = trunc(try_cast({{ expression }} as decimal(28, 10)))
                    then try_cast(try_cast({{ expression }} as decimal(28, 10)) as integer)
            end
        else try_cast({{ expression }} as integer)
    end
{%- endmacro %}

{#- A date: a real YYYY-MM-DD, or the day of a typed timestamp, of the years 1 to 9999. -#}
{% macro parse_date(expression) %}
    {{- return(adapter.dispatch('parse_date', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__parse_date(expression) -%}
    {%- set text = clean_text(expression) -%}
    case
        when pg_typeof({{ expression }}) in ('timestamp without time zone'::regtype, 'timestamp with time zone'::regtype)
            then cast({{ default__parse_timestamp(expression) }} as date)
        when {{ text }} ~ '{{ date_pattern() }}' then
            case when {{ is_calendar_day(text) }} then cast({{ text }} as date) end
    end
{%- endmacro %}
{% macro duckdb__parse_date(expression) -%}
    {%- set text = clean_text(expression) -%}
    case
        when {{ duckdb__is_text(expression) }} then
            case
                when regexp_matches({{ text }}, '{{ date_pattern() }}') and {{ text }} >= '0001'
                    then try_cast({{ text }} as date)
            end
        when try_cast({{ expression }} as date) not between '0001-01-01' and '9999-12-31' then null
        when typeof({{ expression }}) = 'TIMESTAMP WITH TIME ZONE' then
            try_cast(timezone('{{ var("timezone", "UTC") }}', try_cast({{ expression }} as timestamptz)) as date)
        else try_cast({{ expression }} as date)
    end
{%- endmacro %}

{#- A business-local timestamp: one that carries a zone is converted to var timezone. -#}
{% macro parse_timestamp(expression) %}
    {{- return(adapter.dispatch('parse_timestamp', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{#- PostgreSQL would round fractions beyond microseconds, up to the next day: they are cut off. -#}
{% macro default__parse_timestamp(expression) -%}
    {%- set text = "regexp_replace(" ~ clean_text(expression) ~ ", '([.][0-9]{6})[0-9]+', '\\1')" -%}
    case
        -- its text in the session's zone may have an offset with seconds
        when pg_typeof({{ expression }}) = 'timestamp with time zone'::regtype then
            case
                when cast({{ expression }} as text) ~ '^[0-9]{4}-[^B]*$'
                    then timezone('{{ var("timezone", "UTC") }}', cast(cast({{ expression }} as text) as timestamp with time zone))
            end
        when {{ text }} ~ '{{ timestamp_pattern() }}' then
            case
                when not {{ is_calendar_day(text) }} then null
                when {{ text }} ~ '{{ zone_pattern() }}'
                    then timezone('{{ var("timezone", "UTC") }}', cast({{ text }} as timestamp with time zone))
                else cast({{ text }} as timestamp)
            end
    end
{%- endmacro %}
{% macro duckdb__parse_timestamp(expression) -%}
    {%- set text = clean_text(expression) -%}
    case
        when {{ duckdb__is_text(expression) }} then
            case
                when not regexp_matches({{ text }}, '{{ timestamp_pattern() }}') or {{ text }} < '0001' then null
                when regexp_matches({{ text }}, '{{ zone_pattern() }}')
                    then timezone('{{ var("timezone", "UTC") }}', try_cast({{ text }} as timestamptz))
                else try_cast({{ text }} as timestamp)
            end
        when try_cast({{ expression }} as date) not between '0001-01-01' and '9999-12-31' then null
        when typeof({{ expression }}) = 'TIMESTAMP WITH TIME ZONE' then
            timezone('{{ var("timezone", "UTC") }}', try_cast({{ expression }} as timestamptz))
        else try_cast({{ expression }} as timestamp)
    end
{%- endmacro %}

{#- Whether the date that a text begins with is in the calendar (the text has passed the pattern). -#}
{% macro is_calendar_day(text) -%}
    (left({{ text }}, 4) <> '0000' and cast(substr({{ text }}, 9, 2) as integer) <= extract(day from
        make_date(cast(left({{ text }}, 4) as integer), cast(substr({{ text }}, 6, 2) as integer), 1)
        + interval '1 month' - interval '1 day'))
{%- endmacro %}

{#- true / false, yes / no, 1 / 0 or their first letters, in any case. -#}
{% macro parse_boolean(expression) %}
    {{- return(adapter.dispatch('parse_boolean', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__parse_boolean(expression) -%}
    case
        when lower({{ parse_text(expression) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ parse_text(expression) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{#- Not `in (...)`: DuckDB makes a join of it, also where the column is typed. -#}
{% macro duckdb__parse_boolean(expression) -%}
    case
        when typeof({{ expression }}) = 'BOOLEAN' then try_cast({{ expression }} as boolean)
        else
            case lower({{ parse_text(expression) }})
            {%- for word in ['true', 't', 'yes', 'y', '1'] %}
                when '{{ word }}' then true
            {%- endfor %}
            {%- for word in ['false', 'f', 'no', 'n', '0'] %}
                when '{{ word }}' then false
            {%- endfor %}
            end
    end
{%- endmacro %}

{#- A number made of the key columns, equal for equal keys. -#}
{% macro key_hash(columns) %}
    {{- return(adapter.dispatch('key_hash', 'dynamic_segmentation')(columns)) -}}
{% endmacro %}
{% macro default__key_hash(columns) -%}
    hashtextextended(concat_ws('|'{% for column in columns %}, {{ column }}{% endfor %}), 0)
{%- endmacro %}
{% macro duckdb__key_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}
