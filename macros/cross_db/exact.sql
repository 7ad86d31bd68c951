{#- numerator / denominator as numeric(18,6), rounded once, half away from zero; NULL when either is
    NULL or the denominator is 0. Arguments are exact numbers with at most `decimals` decimals. Division on
    decimals is a double on DuckDB (1.2 % of quotients off by one millionth), so it runs over integers.
    `in_doubles`: the quotient in doubles, where its parts are cheaper to cast than the arguments: a decimal
    of more than 2^53 units takes ten times as long. -#}
{% macro exact_ratio(numerator, denominator, decimals=6, in_doubles=none) %}
    {{- return(adapter.dispatch('exact_ratio', 'dynamic_segmentation')(numerator, denominator, decimals, in_doubles)) -}}
{% endmacro %}

{% macro default__exact_ratio(numerator, denominator, decimals, in_doubles) -%}
    cast(round(
        sign(cast({{ numerator }} as numeric)) * sign(cast(nullif({{ denominator }}, 0) as numeric))
        * div(
            2 * 1000000 * abs(cast({{ numerator }} as numeric)) + abs(cast(nullif({{ denominator }}, 0) as numeric)),
            2 * abs(cast(nullif({{ denominator }}, 0) as numeric))
        ) / 1000000, 6
    ) as numeric(18, 6))
{%- endmacro %}

{#- Integers of 128 bits divide ten times slower than doubles, whose error is below one part in 1e15: where the
    quotient is clear of a rounding boundary by ten times the error, the double rounds alike. -#}
{% macro duckdb__exact_ratio(numerator, denominator, decimals, in_doubles) -%}
    {%- set units = ' as decimal(38, ' ~ decimals ~ ')) * ' ~ 10 ** decimals ~ ' as hugeint)' -%}
    {%- set n = 'cast(cast(' ~ numerator ~ units -%}
    {%- set d = 'cast(cast(nullif(' ~ denominator ~ ', 0)' ~ units -%}
    {%- set quotient = in_doubles or 'cast(' ~ numerator ~ ' as double) / cast(nullif(' ~ denominator ~ ', 0) as double)' -%}
    {%- set millionths = '(' ~ quotient ~ ' * 1000000)' -%}
    case
        when {{ millionths }} is null then null
        when abs({{ millionths }}) < 1e11 and abs(abs({{ millionths }}) - floor(abs({{ millionths }})) - 0.5) > 1e-3
            then cast(cast(round({{ millionths }}) as bigint) * 0.000001 as decimal(18, 6))
        else cast(cast(
            sign({{ n }}) * sign({{ d }}) * ((2000000 * abs({{ n }}) + abs({{ d }})) // (2 * abs({{ d }})))
            as decimal(38, 0)) * 0.000001 as decimal(18, 6))
    end
{%- endmacro %}

{#- A stable 64-bit integer made of a text, for narrow join keys. -#}
{% macro text_to_bigint(expression) %}
    {{- return(adapter.dispatch('text_to_bigint', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__text_to_bigint(expression) -%}
    cast(cast('x' || substr(md5({{ expression }}), 1, 15) as bit(60)) as bigint)
{%- endmacro %}
{% macro duckdb__text_to_bigint(expression) -%}
    cast('0x' || substr(md5({{ expression }}), 1, 15) as bigint)
{%- endmacro %}

{#- Text in byte order, for order by, min and max: the database's collation may differ. -#}
{% macro bytewise(expression) %}
    {{- return(adapter.dispatch('bytewise', 'dynamic_segmentation')(expression)) -}}
{% endmacro %}
{% macro default__bytewise(expression) -%}{{ expression }}{%- endmacro %}
{% macro postgres__bytewise(expression) -%}{{ expression }} collate "C"{%- endmacro %}

{#- Joins the texts of a group, in byte order. -#}
{% macro text_list(expression, separator) %}
    {{- return(adapter.dispatch('text_list', 'dynamic_segmentation')(expression, separator)) -}}
{% endmacro %}
{% macro default__text_list(expression, separator) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ bytewise(expression) }})
{%- endmacro %}
