{#- The segment that the conditions' states give an entity in a period, before limits: the highest
    precedence that holds, else the default; beside it what plain thresholds would say, the manual
    segment in force, and which rule groups hold and have values. No memory of its own. Grain: entity x scheme x period. -#}
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

conditions as (
    select * from {{ ref('int_rule_groups') }} where entity_type = '{{ entity_type }}'
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
-- sets of groups as bits (int_rule_groups): a group is in a set when none of its conditions speaks against it
group_sets as (
    select
        states.{{ key }},
        states.period_index,
        conditions.scheme,
        bit_and(
            conditions.all_groups - case when states.is_met then 0 else conditions.group_bit end
        ) as holding_groups,
        bit_and(
            conditions.all_groups
            - case when states.value is not null and states.streak > 0 then 0 else conditions.group_bit end
        ) as plain_groups,
        bit_and(
            conditions.all_groups - case when states.value is not null then 0 else conditions.group_bit end
        ) as observed_groups
    from states
    inner join conditions on states.condition_id = conditions.condition_id
    group by states.{{ key }}, states.period_index, conditions.scheme
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
        coalesce(group_sets.holding_groups, 0) as holding_groups,
        coalesce(group_sets.observed_groups, 0) as observed_groups,
        versions.policy_version
    from spine
    inner join members on spine.{{ key }} = members.{{ key }}
    left join versions on members.scheme = versions.scheme and spine.period_index = versions.period_index
    left join group_sets
        on
            members.{{ key }} = group_sets.{{ key }}
            and members.scheme = group_sets.scheme
            and spine.period_index = group_sets.period_index
    left join ladder as candidate
        on
            group_sets.scheme = candidate.scheme
            and group_sets.holding_groups between candidate.lowest_group and candidate.groups_so_far
    left join ladder as plain
        on
            group_sets.scheme = plain.scheme
            and group_sets.plain_groups between plain.lowest_group and plain.groups_so_far
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
