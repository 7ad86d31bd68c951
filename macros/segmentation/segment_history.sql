{#- One step of a segment's life (semantics.md, section 2): the computed segment from the candidate and
    the limits (stay, review, one-step demotion), the published one from the manual decision, and why.
    Grain: entity x scheme x period. Run by the materialization `stepwise`. -#}
{% macro segment_history(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with candidates as (
    select * from {{ ref('int_' ~ entity_type ~ '_candidates') }}
),

schemes as (
    select * from {{ ref('policy_schemes') }} where entity_type = '{{ entity_type }}'
),

ladder as (
    select * from {{ ref('int_segment_ladder') }} where entity_type = '{{ entity_type }}'
),

before as (
    select
        {{ key }},
        scheme,
        period_index + 1 as next_period_index,
        computed_segment,
        segment,
        override_segment,
        periods_in_segment,
        last_change_period_index
    from {{ this }}
),

compared as (
    select
        candidates.*,
        before.{{ key }} is null as is_first,
        before.computed_segment as computed_before,
        before.segment as segment_before,
        before.override_segment as override_before,
        before.periods_in_segment as run_before,
        before.last_change_period_index as change_before,
        coalesce(candidates.period_index >= before.last_change_period_index + schemes.min_stay_periods, true)
        and mod(candidates.period_index, schemes.review_every) = 0 as may_change,
        case
            when schemes.demotion = 'one_step' and wanted.level < held.level then held.next_lower_segment
            else candidates.candidate_segment
        end as next_segment
    from candidates
    inner join schemes on candidates.scheme = schemes.scheme
    left join before
        on
            candidates.{{ key }} = before.{{ key }}
            and candidates.scheme = before.scheme
            and candidates.period_index = before.next_period_index
    left join ladder as held on before.scheme = held.scheme and before.computed_segment = held.segment
    left join ladder as wanted on candidates.scheme = wanted.scheme and candidates.candidate_segment = wanted.segment
),

limited as (
    select
        *,
        case
            when is_first then candidate_segment
            when candidate_segment = computed_before then computed_before
            when may_change then next_segment
            else computed_before
        end as computed_segment
    from compared
),

published as (
    select
        *,
        coalesce(override_segment, computed_segment) as segment,
        not is_first and coalesce(override_segment, computed_segment) <> segment_before as is_change,
        case
            when not is_first and computed_segment <> computed_before then period_index
            else change_before
        end as last_change_period_index
    from limited
),

ranked as (
    select
        published.*,
        own.level - old.level as level_change,
        plain.precedence - own.precedence as plain_advantage,
        -- some group of the segment holds, and none that does has all its values
        coalesce(
            (published.holding_groups & own.own_groups) <> 0
            and (published.holding_groups & published.observed_groups & own.own_groups) = 0, false
        ) as is_unobserved
    from published
    left join ladder as own on published.scheme = own.scheme and published.segment = own.segment
    left join ladder as old on published.scheme = old.scheme and published.segment_before = old.segment
    left join ladder as plain
        on published.scheme = plain.scheme and published.segment_without_memory = plain.segment
),

final as (
    select
        {{ key }},
        scheme,
        period_index,
        period_start_date,
        candidate_segment,
        computed_segment,
        segment,
        segment_without_memory,
        override_segment,
        segment_before as previous_segment,
        is_change,
        cast(case when is_first or is_change then 1 else run_before + 1 end as integer) as periods_in_segment,
        case
            when override_segment is not null then 'override'
            when is_first then 'first'
            when is_change and override_before is not null then 'override_ended'
            when is_change and level_change > 0 then 'promoted'
            when is_change and level_change < 0 then 'demoted'
            when is_change then 'moved'
            when segment_without_memory = segment then 'kept'
            when plain_advantage < 0 and is_unobserved then 'unobserved'
            when plain_advantage < 0 then 'held'
            else 'waiting'
        end as reason,
        cast(last_change_period_index as integer) as last_change_period_index,
        policy_version
    from ranked
)

select * from final
{% endmacro %}
