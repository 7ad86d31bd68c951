{#- What every metric of score_weights.csv adds to the scores of an entity and period, so that a score is
    explained point by point. Grain: entity x score x metric x period. -#}
{% macro score_contributions(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
),

{{ metric_by_name_ctes(entity_type, scores=false) }}
weights as (
    select
        *,
        sum(weight) over (partition by score) as total_weight,
        {{ metric_position(entity_type, 'metric') }} as metric_position
    from {{ ref('policy_score_weights') }}
    where entity_type = '{{ entity_type }}'
),

-- what is the same for every entity; products of two have twelve decimals
scales as (
    select
        *,
        cast(total_weight * (ceiling - floor) as numeric(30, 12)) as full_distance,
        {{ exact_ratio('100 * cast(weight * missing as numeric(30, 12))', 'total_weight', decimals=12) }}
            as missing_contribution,
        {{ exact_ratio('100 * weight', 'total_weight') }} as max_contribution
    from weights
),

weighed as (
    select
        metric_values.{{ key }},
        metric_values.period_index,
        metric_values.period_start_date,
        scales.score,
        scales.metric,
        scales.weight,
        scales.floor,
        scales.ceiling,
        scales.direction,
        scales.full_distance,
        scales.missing_contribution,
        scales.max_contribution,
        {{ metric_by_name('metric_values', 'scales', scores=false) }} as value
    from metric_values
    cross join scales
    {{- metric_by_name_joins(entity_type, 'metric_values', 'scales', scores=false) }}
),

clamped as (
    select
        *,
        case
            -- of a value and NULL, greatest would give the value
            when value is null then null
            when direction = 'lower_is_better' then ceiling - least(greatest(value, floor), ceiling)
            else least(greatest(value, floor), ceiling) - floor
        end as distance
    from weighed
),

final as (
    select
        {{ key }},
        period_index,
        period_start_date,
        score,
        metric,
        value,
        coalesce(
            {{ exact_ratio(
                '100 * cast(weight * distance as numeric(30, 12))', 'full_distance', decimals=12,
                in_doubles='100 * cast(weight as double precision) * cast(distance as double precision) / cast(full_distance as double precision)'
            ) }},
            missing_contribution
        ) as contribution,
        max_contribution,
        value is not null as is_observed
    from clamped
)

select * from final
{% endmacro %}


{#- The scores of score_weights.csv: the sum of what their metrics add. Grain: entity x score x period. -#}
{% macro entity_scores(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with contributions as (
    select * from {{ ref('fct_' ~ entity_type ~ '_score_contributions') }}
    where period_index >= {{ from_period() }}
),

weights as (
    select
        score,
        metric,
        weight
    from {{ ref('policy_score_weights') }}
    where entity_type = '{{ entity_type }}'
),

summed as (
    select
        contributions.{{ key }},
        contributions.period_index,
        contributions.period_start_date,
        contributions.score,
        cast(sum(contributions.contribution) as numeric(18, 6)) as points,
        sum(weights.weight) as total_weight,
        coalesce(sum(case when contributions.is_observed then weights.weight end), 0) as observed_weight
    from contributions
    inner join weights on contributions.score = weights.score and contributions.metric = weights.metric
    group by
        contributions.{{ key }},
        contributions.period_index,
        contributions.period_start_date,
        contributions.score
),

final as (
    select
        {{ key }},
        period_index,
        period_start_date,
        score,
        -- too little known is no score
        cast(case when observed_weight >= total_weight * {{ var('min_weight_present', 0.5) }} then points end as numeric(18, 6)) as value,
        {{ exact_ratio('observed_weight', 'total_weight') }} as weight_present
    from summed
)

select * from final
{% endmacro %}
