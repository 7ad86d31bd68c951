{#- The segment that the conditions' states give an entity in a period, before limits: the highest
    precedence that holds, else the default; beside it what plain thresholds would say, the manual
    segment in force, and the set (bits of int_segment_ladder) of segments that hold only by groups
    without a value. No memory of its own. Grain: entity x scheme x period. -#}
{% macro segment_candidates(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set classifications = classification_models(entity_type) -%}
with spine as (
    select * from {{ ref('int_' ~ entity_type ~ '_periods') }}
),

members as (
    select * from {{ ref('int_' ~ entity_type ~ '_schemes') }}
),

states as (
    select * from {{ ref('int_' ~ entity_type ~ '_segment_states') }}
),

-- numbers, since every state of every entity is grouped by them
conditions as (
    select
        condition_id,
        scheme,
        segment,
        cast(dense_rank() over (order by scheme, segment) as integer) as segment_number,
        cast(dense_rank() over (order by scheme, segment, rule_group) as integer) as group_number
    from (
        select distinct condition_id, scheme, segment, rule_group
        from {{ ref('int_rules_by_period') }}
        where entity_type = '{{ entity_type }}'
    ) as rules
),

ladder as (
    select * from {{ ref('int_segment_ladder') }} where entity_type = '{{ entity_type }}'
),

versions as (
    select * from {{ ref('policy_versions') }} where entity_type = '{{ entity_type }}'
),

overrides as (
    select * from {{ ref('int_override_periods') }} where entity_type = '{{ entity_type }}'
),

{% if classifications -%}
classified as (
    {%- for scheme, model_name in classifications.items() %}
    select
        {{ key }},
        period_index,
        '{{ scheme }}' as scheme,
        segment
    from {{ ref(model_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

{% endif -%}
segments as (
    select distinct
        conditions.segment_number,
        conditions.scheme,
        ladder.precedence,
        ladder.segment_bit
    from conditions
    inner join ladder on conditions.scheme = ladder.scheme and conditions.segment = ladder.segment
),

group_states as (
    select
        states.{{ key }},
        states.period_index,
        conditions.segment_number,
        conditions.group_number,
        min(case when states.is_met then 1 else 0 end) as holds,
        min(case when states.qualifies then 1 else 0 end) as holds_plain,
        max(case when states.value is null then 1 else 0 end) as lacks_value
    from states
    inner join conditions on states.condition_id = conditions.condition_id
    group by states.{{ key }}, states.period_index, conditions.segment_number, conditions.group_number
),

segment_states as (
    select
        {{ key }},
        period_index,
        segment_number,
        max(holds) as holds,
        max(holds_plain) as holds_plain,
        -- every group that holds lacks a value
        min(case when holds = 1 then lacks_value end) as is_unobserved
    from group_states
    group by {{ key }}, period_index, segment_number
),

highest as (
    select
        segment_states.{{ key }},
        segment_states.period_index,
        segments.scheme,
        max(case when segment_states.holds = 1 then segments.precedence end) as candidate_precedence,
        max(case when segment_states.holds_plain = 1 then segments.precedence end) as plain_precedence,
        cast(sum(case when segment_states.is_unobserved = 1 then segments.segment_bit else 0 end) as bigint)
            as unobserved_segments
    from segment_states
    inner join segments on segment_states.segment_number = segments.segment_number
    group by segment_states.{{ key }}, segment_states.period_index, segments.scheme
),

final as (
    select
        members.{{ key }},
        members.scheme,
        spine.period_index,
        spine.period_start_date,
        coalesce(
            {% if classifications %}classified.segment, {% endif %}candidate.segment, fallback.segment, 'UNKNOWN'
        ) as candidate_segment,
        coalesce(
            {% if classifications %}classified.segment, {% endif %}plain.segment, fallback.segment, 'UNKNOWN'
        ) as segment_without_memory,
        overrides.override_segment,
        coalesce(highest.unobserved_segments, 0) as unobserved_segments,
        versions.policy_version
    from spine
    inner join members on spine.{{ key }} = members.{{ key }}
    left join versions on members.scheme = versions.scheme and spine.period_index = versions.period_index
    left join highest
        on
            members.{{ key }} = highest.{{ key }}
            and members.scheme = highest.scheme
            and spine.period_index = highest.period_index
    left join ladder as candidate
        on highest.scheme = candidate.scheme and highest.candidate_precedence = candidate.precedence
    left join ladder as plain
        on highest.scheme = plain.scheme and highest.plain_precedence = plain.precedence
    left join ladder as fallback
        on members.scheme = fallback.scheme and fallback.is_default
    {%- if classifications %}
    left join classified
        on
            members.{{ key }} = classified.{{ key }}
            and members.scheme = classified.scheme
            and spine.period_index = classified.period_index
    {%- endif %}
    left join overrides
        on
            members.{{ key }} = overrides.entity_id
            and members.scheme = overrides.scheme
            and spine.period_index = overrides.period_index
)

select * from final
{% endmacro %}
