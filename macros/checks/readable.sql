{#- Is a cleaned policy text a number, a whole number, a date? Plain regular expressions and guarded
    casts, so that text that is not is told from text that is without any engine's error. -#}

{#- A number as the input contract writes it, of a length that no cast chokes on. -#}
{% macro is_number(expression) -%}
    (
        {{ matches(expression, number_pattern()) }}
        and length({{ expression }}) <= 40
    )
{%- endmacro %}

{#- The number when it is one that numeric(18, 6) holds, else NULL. -#}
{% macro policy_number(expression) -%}
    cast(case
        when
            case
                when not {{ is_number(expression) }} then false
                -- a double tells what no exact type holds; near the limit it is not exact enough
                when abs(cast({{ expression }} as double precision)) >= 10000000000000 then false
                else abs(cast({{ expression }} as numeric(38, 18))) < 999999999999.9999995
            end
            then cast({{ expression }} as numeric(18, 6))
    end as numeric(18, 6))
{%- endmacro %}

{#- Has a readable number decimals that numeric(18, 6) would round away? -#}
{% macro is_rounded_number(expression) -%}
    case
        when {{ policy_number(expression) }} is null then false
        else cast({{ expression }} as numeric(38, 18)) <> {{ policy_number(expression) }}
    end
{%- endmacro %}

{#- The whole number of at most nine digits, else NULL. -#}
{% macro policy_integer(expression) -%}
    case
        when {{ matches(expression, '^[+-]?[0-9]{1,9}$') }} then cast({{ expression }} as integer)
    end
{%- endmacro %}

{#- The real YYYY-MM-DD date, else NULL. -#}
{% macro policy_date(expression) -%}
    {%- set year = 'cast(substr(' ~ expression ~ ', 1, 4) as integer)' -%}
    {%- set month = 'cast(substr(' ~ expression ~ ', 6, 2) as integer)' -%}
    {%- set day = 'cast(substr(' ~ expression ~ ', 9, 2) as integer)' -%}
    case
        when not {{ matches(expression, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }} then null
        when
            {{ year }} >= 1
            and {{ month }} between 1 and 12
            and {{ day }} between 1 and case
                when {{ month }} in (4, 6, 9, 11) then 30
                when {{ month }} <> 2 then 31
                when {{ year }} % 400 = 0 or ({{ year }} % 4 = 0 and {{ year }} % 100 <> 0) then 29
                else 28
            end
            then cast({{ expression }} as date)
    end
{%- endmacro %}

{#- true and false in any case, else NULL. -#}
{% macro policy_boolean(expression) -%}
    case lower({{ expression }}) when 'true' then true when 'false' then false end
{%- endmacro %}
