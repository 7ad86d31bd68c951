{#- One policy text without the white space around it; blank is NULL. (`\s` is more than these on PostgreSQL.) -#}
{% macro policy_text(column) -%}
    nullif(
        regexp_replace(cast({{ column }} as {{ dbt.type_string() }}), '^[ \t\r\n\f]+|[ \t\r\n\f]+$', '', 'g'), ''
    )
{%- endmacro %}

{#- The lines of a policy file as cleaned text, with the key that names each in messages. Lines without
    any text, as spreadsheets leave them at the end, are none. -#}
{% macro policy_texts(file) %}
    select
        {% for column in policy_columns(file) -%}
        {{ policy_text(column) }} as {{ column }},
        {% endfor -%}
        {{ policy_line_key(file) }} as line_key
    from {{ ref(file) }}
    where
        coalesce(
            {% for column in policy_columns(file) -%}
            {{ policy_text(column) }}{{ ',' if not loop.last }}
            {% endfor %}
        ) is not null
{%- endmacro %}

{% macro policy_line_key(file) -%}
    {%- for column in policy_key_columns(file) -%}
    coalesce({{ policy_text(column) }}, '{{ '*' if column in ['scope', 'channel'] or (file, column) == ('time_rates', 'key') }}')
    {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- The lines of a policy file cast, blanks filled. What cannot be read is NULL here: the gate has
    reported it, and this must not fail before the gate has spoken. -#}
{% macro policy_lines(file) %}
    select
        {% for column, spec in policy_columns(file).items() -%}
        {%- set value -%}
            {%- if spec.type == 'number' -%}{{ policy_number(column) }}
            {%- elif spec.type == 'integer' -%}{{ policy_integer(column) }}
            {%- elif spec.type == 'date' -%}{{ policy_date(column) }}
            {%- elif spec.type == 'boolean' -%}{{ policy_boolean(column) }}
            {%- else -%}{{ column }}
            {%- endif -%}
        {%- endset -%}
        {%- if 'default' in spec and spec.type == 'number' %}cast(coalesce({{ value }}, {{ spec.default }}) as numeric(18, 6))
        {%- elif 'default' in spec %}coalesce({{ value }}, {{ spec.default }}){% else %}{{ value }}{% endif %} as {{ column }},
        {% endfor -%}
        line_key
    from ({{ policy_texts(file) }}) as texts
{%- endmacro %}
