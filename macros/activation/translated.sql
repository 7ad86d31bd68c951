{#- The lines of translations.csv in var language, to be joined by key. -#}
{% macro texts_in_language() -%}
    select
        key,
        text
    from {{ ref('policy_translations') }}
    where language = '{{ var("language", "en") }}'
{%- endmacro %}

{#- A text of translations.csv in var language, once a query; the name or the English given here where it has none. -#}
{% macro translated(key, otherwise) -%}
    coalesce((
        select max(translations.text) from {{ ref('policy_translations') }} as translations
        where translations.language = '{{ var("language", "en") }}' and translations.key = '{{ key }}'
    ), '{{ otherwise | replace("'", "''") }}')
{%- endmacro %}

{#- A template with its {names} replaced by SQL text expressions; NULL where one of them is. -#}
{% macro filled(template, values) -%}
    {%- set text = namespace(sql=template) -%}
    {%- for name, value in values.items() -%}
        {%- set text.sql = 'replace(' ~ text.sql ~ ", '{" ~ name ~ "}', " ~ value ~ ')' -%}
    {%- endfor -%}
    {{ text.sql }}
{%- endmacro %}

{#- The templates of sentences: key after `sentence.`, and the English that stands in for a missing line. -#}
{% macro sentences() %}
    {{- return({
        'current': '{entity} is {segment} in {scheme} since {since}: {reason}.',
        'deciding': '{metric} is {value}; it enters at {enter} and leaves at {exit}, the cushion is {cushion}.',
        'unobserved': '{metric} has had no value for {periods} periods; it enters at {enter} and leaves at {exit}.',
        'blocked': '{block}.',
        'next': 'For {segment} it lacks: {missing}.',
        'missing_amount': '{metric} {amount}',
        'missing_both': '{metric} {amount} for {periods} more periods',
        'missing_wait': '{metric} as it is for {periods} more periods',
        'missing_value': '{metric}, of which nothing is known yet',
        'missing_rule': '{metric}, whose rule is not in force',
        'leave_below': '{metric} below {exit} (now {value})',
        'leave_at_most': '{metric} at most {exit} (now {value})',
        'leave_above': '{metric} above {exit} (now {value})',
        'leave_at_least': '{metric} at least {exit} (now {value})',
    }) -}}
{% endmacro %}

{% macro sentence(key) -%}
    {{ translated('sentence.' ~ key, sentences()[key]) }}
{%- endmacro %}
