{#- Why an entity is where it is, what holds it there, and what is missing for the next better segment, from the
    evidence that decided. Grain: entity x scheme. -#}
{% macro explanations(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set deciding = [
    'rule_group', 'metric', 'operator', 'value', 'enter_threshold', 'exit_threshold', 'cushion', 'cushion_share'
] -%}
with current_segments as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segments_current') }}
),

history as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
    where period_index = {{ last_closed_period() }}
),

outlooks as (
    select * from {{ ref('int_' ~ entity_type ~ '_segment_outlooks') }}
),

schemes as (
    select * from {{ ref('policy_schemes') }} where entity_type = '{{ entity_type }}'
),

ladder as (
    select * from {{ ref('int_segment_ladder') }} where entity_type = '{{ entity_type }}'
),

names as (
    {{ texts_in_language() }}
),

placed as (
    select
        current_segments.*,
        ladder.precedence,
        ladder.level
    from current_segments
    left join ladder
        on current_segments.scheme = ladder.scheme and current_segments.segment = ladder.segment
),

-- what the entity falls to when it leaves its segment: what else holds, else the default
falls as (
    select
        placed.{{ key }},
        placed.scheme,
        ladder.segment,
        ladder.level,
        row_number() over (
            partition by placed.{{ key }}, placed.scheme order by ladder.precedence desc
        ) as fall_rank
    from placed
    inner join ladder on placed.scheme = ladder.scheme and ladder.precedence < placed.precedence
    left join outlooks
        on
            placed.{{ key }} = outlooks.{{ key }}
            and ladder.scheme = outlooks.scheme
            and ladder.segment = outlooks.segment
    where placed.is_active and (ladder.is_default or outlooks.holds)
),

-- the next better segment: what holds already and is only outranked, else the lowest level above that has rules,
-- else the default
rises as (
    select
        placed.{{ key }},
        placed.scheme,
        ladder.segment,
        ladder.precedence < placed.precedence as is_outranked,
        outlooks.missing,
        outlooks.missing_metric,
        outlooks.missing_amount,
        outlooks.missing_periods,
        coalesce(outlooks.unmet_conditions, 0) as unmet_conditions,
        row_number() over (
            partition by placed.{{ key }}, placed.scheme
            order by
                case when outlooks.holds then 0 when outlooks.segment is not null then 1 else 2 end,
                case when outlooks.holds then -ladder.precedence else ladder.level end,
                ladder.precedence
        ) as rise_rank
    from placed
    inner join ladder on placed.scheme = ladder.scheme and ladder.level > placed.level
    left join outlooks
        on
            placed.{{ key }} = outlooks.{{ key }}
            and ladder.scheme = outlooks.scheme
            and ladder.segment = outlooks.segment
    where placed.is_active and (outlooks.segment is not null or ladder.is_default)
),

explained as (
    select
        placed.*,
        case when placed.reason = 'override' and placed.is_active then placed.computed_segment else falls.segment end
            as falls_to_segment,
        rises.segment as next_segment,
        -- to get there a segment of higher precedence must first be left
        coalesce(rises.is_outranked and outlooks.holds, false) as is_left_first,
        rises.missing,
        rises.missing_metric,
        rises.missing_amount,
        rises.missing_periods,
        rises.unmet_conditions,
        {%- for column in deciding %}
        case when outlooks.holds then outlooks.{{ column }} end as {{ column }},
        {%- endfor %}
        outlooks.is_at_risk,
        outlooks.earliest_loss_period_index,
        case when outlooks.holds then greatest(outlooks.qualifying_streak, outlooks.failing_streak) end
            as observed_periods,
        case when outlooks.holds then outlooks.unobserved_streak end as stale_periods,
        outlooks.inputs_present_share,
        history.candidate_segment,
        {{ blocked_by() }} as blocked_by
    from placed
    left join history
        on placed.{{ key }} = history.{{ key }} and placed.scheme = history.scheme and placed.is_active
    left join schemes on placed.scheme = schemes.scheme
    left join outlooks
        on
            placed.{{ key }} = outlooks.{{ key }}
            and placed.scheme = outlooks.scheme
            and placed.segment = outlooks.segment
            and placed.is_active
    left join falls
        on placed.{{ key }} = falls.{{ key }} and placed.scheme = falls.scheme and falls.fall_rank = 1
    left join rises
        on placed.{{ key }} = rises.{{ key }} and placed.scheme = rises.scheme and rises.rise_rank = 1
),

named as (
    select
        explained.*,
        coalesce(scheme_names.text, explained.scheme) as scheme_name,
        coalesce(segment_names.text, explained.segment) as segment_name,
        coalesce(next_names.text, explained.next_segment) as next_segment_name,
        coalesce(reason_names.text, explained.reason) as reason_name,
        coalesce(metric_names.text, explained.metric) as metric_name,
        coalesce(block_names.text, explained.blocked_by) as block_name
    from explained
    {%- for part, name_key in {
        'scheme': "explained.scheme",
        'segment': "explained.scheme || '.' || explained.segment",
        'next': "explained.scheme || '.' || explained.next_segment",
        'reason': "explained.reason",
        'metric': "explained.metric",
        'block': "explained.blocked_by",
    }.items() %}
    {%- set prefix = {'scheme': 'scheme.' ~ entity_type, 'segment': 'segment.' ~ entity_type,
        'next': 'segment.' ~ entity_type}.get(part, part) %}
    left join names as {{ part }}_names on {{ part }}_names.key = '{{ prefix }}.' || {{ name_key }}
    {%- endfor %}
),

told as (
    select
        named.*,
        nullif(concat_ws('; ', missing, case when is_left_first then {{ how_to_leave() }} end), '') as all_missing
    from named
),

final as (
    select
        {{ key }},
        scheme,
        scheme_name,
        segment,
        segment_name,
        segment_since,
        reason,
        reason_name,
        is_active,
        {{ deciding | join(',\n        ') }},
        blocked_by,
        candidate_segment,
        falls_to_segment,
        is_at_risk,
        case when is_at_risk then {{ period_start_date('earliest_loss_period_index') }} end as earliest_loss_period,
        next_segment,
        next_segment_name,
        cast(unmet_conditions + case when is_left_first then 1 else 0 end as integer) as unmet_conditions,
        missing_metric,
        missing_amount,
        cast(missing_periods as integer) as missing_periods,
        all_missing as missing,
        cast(observed_periods as integer) as observed_periods,
        inputs_present_share,
        cast(stale_periods as integer) as stale_periods,
        last_judged_period,
        {{ explanation_sentence(key) }} as sentence,
        as_of_date
    from told
)

select * from final
{% endmacro %}


{#- What keeps the segment as it is although values say otherwise; NULL where nothing does. -#}
{% macro blocked_by() -%}
    case
            when placed.reason = 'override' then 'override'
            when history.candidate_segment <> history.computed_segment then
                case
                    when history.period_index < history.last_change_period_index + schemes.min_stay_periods then 'stay'
                    when mod(history.period_index, schemes.review_every) <> 0 then 'review'
                    else 'one_step'
                end
            when history.reason = 'waiting' then 'streak'
            when history.reason = 'unobserved' then 'unobserved'
            when history.segment_without_memory <> history.computed_segment then
                case
                    when outlooks.value is null then 'unobserved'
                    when outlooks.failing_streak = 0 then 'band'
                    when outlooks.failing_streak < outlooks.exit_after then 'streak'
                    when history.period_index - outlooks.last_signal_period_index <= outlooks.hold_periods then 'hold'
                    else 'streak'
                end
        end
{%- endmacro %}


{#- What its deciding value must do for a segment to be left. -#}
{% macro how_to_leave() -%}
    {%- set values = {
        'metric': 'metric_name', 'exit': plain_number('exit_threshold'),
        'value': "coalesce(" ~ plain_number('value') ~ ", '-')",
    } -%}
    case operator
            when '>=' then {{ filled(sentence('leave_below'), values) }}
            when '>' then {{ filled(sentence('leave_at_most'), values) }}
            when '<=' then {{ filled(sentence('leave_above'), values) }}
            when '<' then {{ filled(sentence('leave_at_least'), values) }}
        end
{%- endmacro %}


{% macro explanation_sentence(key) -%}
    {%- set text = dbt.type_string() -%}
    {%- set thresholds = {
        'metric': 'metric_name', 'enter': plain_number('enter_threshold'), 'exit': plain_number('exit_threshold')
    } -%}
    concat_ws(
            ' ',
            {{ filled(sentence('current'), {
                'entity': key, 'segment': 'segment_name', 'scheme': 'scheme_name',
                'since': 'cast(segment_since as ' ~ text ~ ')', 'reason': 'reason_name',
            }) }},
            case
                when value is not null then {{ filled(sentence('deciding'), dict(
                    thresholds, value=plain_number('value'), cushion=plain_number('cushion')
                )) }}
                when metric is not null then {{ filled(sentence('unobserved'), dict(
                    thresholds, periods='cast(stale_periods as ' ~ text ~ ')'
                )) }}
            end,
            {{ filled(sentence('blocked'), {'block': 'block_name'}) }},
            {{ filled(sentence('next'), {'segment': 'next_segment_name', 'missing': 'all_missing'}) }}
        )
{%- endmacro %}
