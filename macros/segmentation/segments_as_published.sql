{#- The current segments with the moment of publishing: what the snapshot records.
    Grain: entity x scheme. -#}
{% macro segments_as_published(entity_type) %}
with current_segments as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segments_current') }}
),

final as (
    select
        {{ entity_type }}_id,
        scheme,
        segment,
        computed_segment,
        segment_since,
        reason,
        is_active,
        as_of_date,
        {{ published_at() }} as published_at
    from current_segments
)

select * from final
{% endmacro %}


{#- Post-hook of a snapshot: ends the rows whose key has left the current segments. dbt's own
    hard_deletes would stamp the wall clock instead of the moment of publishing. -#}
{% macro close_vanished_segments(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
update {{ this }}
set dbt_valid_to = {{ published_at() }}
where
    dbt_valid_to is null
    and not exists (
        select 1
        from {{ ref('int_' ~ entity_type ~ '_segments_published') }} as published
        where published.{{ key }} = {{ this }}.{{ key }} and published.scheme = {{ this }}.scheme
    )
{% endmacro %}
