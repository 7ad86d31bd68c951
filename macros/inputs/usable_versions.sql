{#- A select of all usable rows, superseded ones too, of the keys that a staging model holds. -#}
{% macro usable_versions(table, key) -%}
    select versions.*
    from {{ ref(staging_model('base', table)) }} as versions
    inner join {{ ref(staging_model('stg', table)) }} as current_rows
        on {% for column in key %}versions.{{ column }} = current_rows.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    where
        coalesce(versions.rejection_reason, 'superseded') = 'superseded'
        and not versions.is_deleted
{%- endmacro %}

{#- A select of the members that event tables refer to, as far as the events are known by now.
    events = {contract table: (column of the member, column of the event time)} -#}
{% macro mentioned_members(member, events) -%}
    {%- for table, (column, event_time) in events.items() %}
    select {{ column }} as {{ member }}
    from {{ ref(staging_model('stg', table)) }}
    where cast({{ event_time }} as date) <= {{ as_of_date() }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
