{#- Whether a segment holds by its rules in the last closed period, what decides it, how soon it can be lost, and what
    is missing for it: of its rule groups the one that holds longest, else the one with the fewest unmet conditions.
    Grain: entity x scheme x segment with rules. -#}
{% macro segment_outlooks(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set group_key = [key, 'scheme', 'segment', 'rule_group'] | join(', ') -%}
{%- set deciding = [
    'metric', 'operator', 'value', 'enter_threshold', 'exit_threshold', 'cushion', 'cushion_share', 'qualifying_streak',
    'failing_streak', 'unobserved_streak', 'exit_after', 'hold_periods', 'last_signal_period_index'
] -%}
{%- set missing = ['missing_metric', 'missing_amount', 'missing_periods'] -%}
{%- set numbers = ['value', 'enter_threshold', 'exit_threshold', 'cushion', 'cushion_share', 'missing_amount'] -%}
{%- set near = var('near_threshold_share', 0.05) -%}
with gaps as (
    select * from {{ ref('int_' ~ entity_type ~ '_condition_gaps') }}
),

metric_names as (
    {{ texts_in_language() }}
),

told as (
    select
        gaps.*,
        coalesce(metric_names.text, gaps.missing_metric) as metric_name,
        case when gaps.missing_amount >= 0 then '+' else '' end || {{ plain_number('gaps.missing_amount') }} as amount_text,
        -- of a flag, 0 or 1, a little more or less decides nothing
        (gaps.value not in (0, 1) or gaps.enter_threshold not in (0, 1)) as has_degrees
    from gaps
    left join metric_names on metric_names.key = 'metric.' || gaps.missing_metric
),

judged as (
    select
        *,
        is_met
        and coalesce(failing_streak > 0 or (has_degrees and cushion_share between 0 and {{ near }}), false) as is_at_risk,
        not is_met
        and coalesce(
            value_enters
            or (has_degrees and missing_share between 0 and {{ near }})
            -- such a count grows by one a period if nothing happens
            or (metric like 'periods_since_%' and missing_amount between 0 and 1), false
        ) as is_near,
        case
            when not is_in_force then {{ filled(sentence('missing_rule'), {'metric': 'metric_name'}) }}
            when value is null or missing_amount is null
                then {{ filled(sentence('missing_value'), {'metric': 'metric_name'}) }}
            when value_enters
                then {{ filled(sentence('missing_wait'),
                    {'metric': 'metric_name', 'periods': 'cast(missing_periods as ' ~ dbt.type_string() ~ ')'}) }}
            when missing_periods > 1
                then {{ filled(sentence('missing_both'), {
                    'metric': 'metric_name', 'amount': 'amount_text',
                    'periods': 'cast(missing_periods as ' ~ dbt.type_string() ~ ')'}) }}
            else {{ filled(sentence('missing_amount'), {'metric': 'metric_name', 'amount': 'amount_text'}) }}
        end as missing_text,
        -- the condition that lets the group down first
        row_number() over (
            partition by {{ group_key }}
            order by is_met, value_enters, cushion_share nulls last, {{ bytewise('metric') }}, {{ bytewise('operator') }}
        ) as weakness
    from told
),

groups as (
    select
        {{ key }},
        scheme,
        segment,
        rule_group,
        max(period_index) as period_index,
        count(*) as conditions,
        count(value) as observed_conditions,
        count(case when not is_met then 1 end) as unmet_conditions,
        max(case when is_at_risk then 1 else 0 end) = 1 as is_at_risk,
        min(case when is_met or is_near then 1 else 0 end) = 1 as is_near,
        min(case when is_at_risk then earliest_loss_period_index end) as earliest_loss_period_index,
        {{ text_list('case when not is_met then missing_text end', '; ') }} as missing,
        {%- for column in deciding + missing %}
        max(case when weakness = 1 then {{ column }} end) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from judged
    group by {{ group_key }}
),

ranked as (
    select
        *,
        unmet_conditions = 0 as holds,
        sum(conditions) over (partition by {{ key }}, scheme) as scheme_conditions,
        sum(observed_conditions) over (partition by {{ key }}, scheme) as scheme_observed_conditions,
        row_number() over (
            partition by {{ key }}, scheme, segment
            order by
                unmet_conditions,
                is_at_risk,
                earliest_loss_period_index desc nulls last,
                cushion_share desc nulls last,
                {{ bytewise('rule_group') }}
        ) as group_rank
    from groups
),

final as (
    select
        {{ key }},
        scheme,
        segment,
        period_index,
        rule_group,
        holds,
        cast(unmet_conditions as integer) as unmet_conditions,
        holds and is_at_risk as is_at_risk,
        not holds and is_near as is_near,
        cast(case when holds then earliest_loss_period_index end as integer) as earliest_loss_period_index,
        missing,
        {%- for column in deciding + missing %}
        {%- if column in numbers %}
        cast({{ column }} as numeric(18, 6)) as {{ column }},
        {%- else %}
        {{ column }},
        {%- endif %}
        {%- endfor %}
        {{ exact_ratio('scheme_observed_conditions', 'scheme_conditions') }} as inputs_present_share
    from ranked
    where group_rank = 1
)

select * from final
{% endmacro %}
