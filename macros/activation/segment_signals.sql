{#- What is worth telling about an entity's segments. `occasion` tells two events of one kind apart: the same event
    has the same occasion however often a build finds it. Grain: entity x scheme x signal x occasion. -#}
{% macro segment_signals(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set text = dbt.type_string() -%}
with current_segments as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segments_current') }}
    where is_active
),

history as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
    where period_index = {{ last_closed_period() }}
),

explanations as (
    select * from {{ ref('fct_' ~ entity_type ~ '_explanations') }}
),

outlooks as (
    select * from {{ ref('int_' ~ entity_type ~ '_segment_outlooks') }}
),

ladder as (
    select * from {{ ref('int_segment_ladder') }} where entity_type = '{{ entity_type }}'
),

manual_segments as (
    select * from {{ ref('stg_crm__manual_segments') }} where entity_type = '{{ entity_type }}'
),

alerts as (
    select * from {{ ref('int_treatments_in_force') }}
    where entity_type = '{{ entity_type }}' and treatment = 'alert'
),

-- since the last period was judged a decision by hand may have begun or ended
changed as (
    select
        current_segments.*,
        case
            when current_segments.segment <> history.segment then history.segment
            when history.is_change then history.previous_segment
        end as from_segment,
        -- a decision by hand changes the segment before its period is judged
        case
            when current_segments.segment <> history.segment then {{ period_index('current_segments.segment_since') }}
            else history.period_index
        end as changed_in
    from current_segments
    inner join history
        on current_segments.{{ key }} = history.{{ key }} and current_segments.scheme = history.scheme
),

transitions as (
    select
        changed.{{ key }},
        changed.scheme,
        case
            when
                '{{ entity_type }}' = 'store'
                and changed.scheme = '{{ var("client_scheme", "lifecycle") }}'
                and changed.from_segment = '{{ var("lost_segment", "LOST") }}' and new.level > old.level then 'returned'
            when new.level > old.level then 'promoted'
            when new.level < old.level then 'demoted'
            else 'moved'
        end as signal,
        cast(changed.changed_in as {{ text }}) || changed.segment as occasion,
        changed.from_segment,
        changed.segment as to_segment,
        cast(null as date) as due_on,
        cast(null as {{ text }}) as detail
    from changed
    left join ladder as old on changed.scheme = old.scheme and changed.from_segment = old.segment
    left join ladder as new on changed.scheme = new.scheme and changed.segment = new.segment
    where changed.from_segment <> changed.segment
),

-- by the rules: what is decided by hand is not lost by them
by_rules as (
    select
        explanations.*,
        ladder.precedence,
        ladder.level
    from explanations
    inner join ladder
        on explanations.scheme = ladder.scheme and explanations.segment = ladder.segment
    where explanations.is_active and explanations.reason <> 'override'
),

losses as (
    select
        by_rules.{{ key }},
        by_rules.scheme,
        'about_to_lose' as signal,
        cast({{ period_index('by_rules.segment_since') }} as {{ text }}) || lower_segment.segment
        || case
            when outlooks.failing_streak > 0 then cast(
                outlooks.period_index - outlooks.unobserved_streak - outlooks.failing_streak as {{ text }}
            )
            else ''
        end as occasion,
        by_rules.segment as from_segment,
        lower_segment.segment as to_segment,
        by_rules.earliest_loss_period as due_on,
        cast(null as {{ text }}) as detail
    from by_rules
    inner join ladder as lower_segment
        on
            by_rules.scheme = lower_segment.scheme
            and by_rules.falls_to_segment = lower_segment.segment
            and lower_segment.level < by_rules.level
    inner join outlooks
        on
            by_rules.{{ key }} = outlooks.{{ key }}
            and by_rules.scheme = outlooks.scheme
            and by_rules.segment = outlooks.segment
    where by_rules.is_at_risk
),

-- a segment of higher precedence that nearly holds takes the entity up, or down
takeovers as (
    select
        by_rules.{{ key }},
        by_rules.scheme,
        case when ladder.level > by_rules.level then 'about_to_gain' else 'about_to_lose' end as signal,
        cast({{ period_index('by_rules.segment_since') }} as {{ text }}) || ladder.segment as occasion,
        by_rules.segment as from_segment,
        ladder.segment as to_segment,
        {{ period_start_date('(outlooks.period_index + 1)') }} as due_on,
        outlooks.missing as detail
    from by_rules
    inner join outlooks
        on by_rules.{{ key }} = outlooks.{{ key }} and by_rules.scheme = outlooks.scheme
    inner join ladder
        on
            outlooks.scheme = ladder.scheme
            and outlooks.segment = ladder.segment
            and ladder.precedence > by_rules.precedence
            and ladder.level <> by_rules.level
    where outlooks.is_near
),

overrides as (
    select
        current_segments.{{ key }},
        current_segments.scheme,
        current_segments.segment,
        current_segments.computed_segment,
        current_segments.segment_since,
        max(manual_segments.valid_to) as valid_to
    from current_segments
    inner join manual_segments
        on
            current_segments.{{ key }} = manual_segments.entity_id
            and current_segments.scheme = manual_segments.scheme
            and current_segments.segment = manual_segments.segment
            and current_segments.segment_since = manual_segments.valid_from
    where current_segments.reason = 'override'
    group by
        current_segments.{{ key }},
        current_segments.scheme,
        current_segments.segment,
        current_segments.computed_segment,
        current_segments.segment_since
),

expiring as (
    select
        {{ key }},
        scheme,
        'override_expiring' as signal,
        cast(valid_to as {{ text }}) as occasion,
        segment as from_segment,
        computed_segment as to_segment,
        valid_to as due_on,
        cast(null as {{ text }}) as detail
    from overrides
    where valid_to <= {{ add_days(as_of_date(), var('override_warning_days', 14)) }}
),

-- a segment that is only ever given by hand contradicts no rule
contradicted as (
    select
        overrides.{{ key }},
        overrides.scheme,
        'override_contradicted' as signal,
        cast({{ period_index('overrides.segment_since') }} as {{ text }}) || overrides.computed_segment as occasion,
        overrides.segment as from_segment,
        overrides.computed_segment as to_segment,
        cast(null as date) as due_on,
        cast(null as {{ text }}) as detail
    from overrides
    inner join ladder
        on
            overrides.scheme = ladder.scheme
            and overrides.segment = ladder.segment
            and (ladder.is_default or ladder.lowest_group is not null)
    where overrides.segment <> overrides.computed_segment
),

asked_for as (
    select
        entity_id as {{ key }},
        scheme,
        'treatment_alert' as signal,
        cast(in_force_since as {{ text }}) || value as occasion,
        segment as from_segment,
        segment as to_segment,
        in_force_since as due_on,
        value as detail
    from alerts
),

found as (
    {%- for part in ['transitions', 'losses', 'takeovers', 'expiring', 'contradicted', 'asked_for'] %}
    select * from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        '{{ entity_type }}' as entity_type,
        {{ key }} as entity_id,
        scheme,
        signal,
        occasion,
        from_segment,
        to_segment,
        due_on,
        detail
    from found
)

select * from final
{% endmacro %}
