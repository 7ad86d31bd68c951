{#- The segments on `as_of_date` (semantics.md, section 9): the last judged period's computed segment,
    replaced by the manual decision in force today. Grain: entity x scheme. -#}
{% macro segments_current(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with lives as (
    select * from {{ ref('int_' ~ entity_type ~ '_lives') }}
),

members as (
    select * from {{ ref('int_' ~ entity_type ~ '_schemes') }}
),

history as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
),

defaults as (
    select * from {{ ref('int_segment_ladder') }} where entity_type = '{{ entity_type }}' and is_default
),

overrides as (
    select * from {{ ref('stg_crm__manual_segments') }} where entity_type = '{{ entity_type }}'
),

last_judged as (
    select
        history.{{ key }},
        history.scheme,
        history.period_start_date,
        {{ period_end_date('history.period_index') }} as period_end_date,
        history.computed_segment,
        history.reason,
        {{ period_start_date('(history.period_index - history.periods_in_segment + 1)') }} as run_starts_on
    from history
    inner join lives
        on history.{{ key }} = lives.{{ key }} and history.period_index = lives.last_period_index
),

overrides_today as (
    select
        entity_id,
        scheme,
        segment,
        valid_from,
        row_number() over (
            partition by entity_id, scheme
            order by valid_from desc, loaded_at desc nulls last, {{ bytewise('segment') }}
        ) as override_rank
    from overrides
    where valid_from <= {{ as_of_date() }} and (valid_to is null or valid_to > {{ as_of_date() }})
),

overrides_ended as (
    select
        overrides.entity_id,
        overrides.scheme,
        max(overrides.valid_to) as ended_on
    from overrides
    inner join lives on overrides.entity_id = lives.{{ key }}
    left join last_judged
        on overrides.entity_id = last_judged.{{ key }} and overrides.scheme = last_judged.scheme
    where
        overrides.valid_to <= {{ as_of_date() }}
        and overrides.valid_from < overrides.valid_to
        and overrides.valid_to > coalesce(last_judged.period_end_date, lives.starts_on)
    group by overrides.entity_id, overrides.scheme
),

final as (
    select
        members.{{ key }},
        members.scheme,
        coalesce(
            overrides_today.segment, last_judged.computed_segment, defaults.segment, 'UNKNOWN'
        ) as segment,
        coalesce(last_judged.computed_segment, defaults.segment, 'UNKNOWN') as computed_segment,
        coalesce(
            overrides_today.valid_from, overrides_ended.ended_on, last_judged.run_starts_on, lives.starts_on
        ) as segment_since,
        case
            when overrides_today.segment is not null then 'override'
            when overrides_ended.ended_on is not null then 'override_ended'
            else coalesce(last_judged.reason, 'first')
        end as reason,
        lives.is_active,
        last_judged.period_start_date as last_judged_period,
        {{ as_of_date() }} as as_of_date
    from members
    inner join lives on members.{{ key }} = lives.{{ key }}
    left join last_judged on members.{{ key }} = last_judged.{{ key }} and members.scheme = last_judged.scheme
    left join defaults on members.scheme = defaults.scheme
    left join overrides_today
        on
            members.{{ key }} = overrides_today.entity_id
            and members.scheme = overrides_today.scheme
            and overrides_today.override_rank = 1
    left join overrides_ended
        on members.{{ key }} = overrides_ended.entity_id and members.scheme = overrides_ended.scheme
)

select * from final
{% endmacro %}
