{#- The day the build speaks for, as a date literal: var as_of_date, else env AS_OF_DATE, else today
    in var timezone. The env variable is read here alone, so that a new day re-parses one file. -#}
{% macro as_of_date() %}
    {%- set given = var('as_of_date', none) or env_var('AS_OF_DATE', '') -%}
    {%- if not given -%}
        {%- set given = modules.datetime.datetime.now(modules.pytz.timezone(var('timezone', 'UTC'))).date().isoformat() -%}
    {%- endif -%}
    cast('{{ given }}' as date)
{%- endmacro %}
