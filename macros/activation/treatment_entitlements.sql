{#- What today's segments bring an entity by the policy lines of today. An ended entity gets nothing, and neither
    does a store that is set apart by hand (var unreachable_segments), but for what that very segment brings.
    Grain: entity x scheme x treatment x value. -#}
{% macro treatment_entitlements(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
select
    '{{ entity_type }}' as entity_type,
    current_segments.{{ key }} as entity_id,
    current_segments.scheme,
    current_segments.segment,
    treatments.treatment,
    treatments.value,
    treatments.unit_cost,
    treatments.effective_from,
    treatments.notice_periods,
    current_segments.segment_since
from {{ ref('fct_' ~ entity_type ~ '_segments_current') }} as current_segments
inner join {{ ref('policy_treatments') }} as treatments
    on
        treatments.entity_type = '{{ entity_type }}'
        and current_segments.scheme = treatments.scheme
        and current_segments.segment = treatments.segment
        and (treatments.valid_from is null or treatments.valid_from <= {{ as_of_date() }})
        and (treatments.valid_to is null or treatments.valid_to > {{ as_of_date() }})
where
    current_segments.is_active
    {%- if entity_type == 'store' %}
    and (
        current_segments.scheme = '{{ var("client_scheme", "lifecycle") }}'
        or current_segments.store_id not in ({{ stores_set_apart() }})
    )
    {%- endif %}
{% endmacro %}

{#- Stores that are in a segment of var unreachable_segments today. -#}
{% macro stores_set_apart() -%}
    select set_apart.store_id
    from {{ ref('fct_store_segments_current') }} as set_apart
    where
        set_apart.scheme = '{{ var("client_scheme", "lifecycle") }}'
        and set_apart.segment in ({{ quoted_list(var('unreachable_segments', [])) or "''" }})
{%- endmacro %}
