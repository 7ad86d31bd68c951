{#- Whether a scheme still splits its entities well: sizes, moves, what memory holds back, and what the segments
    say about revenue (`revenue`: a metric of the entity type). Grain: scheme x period. -#}
{% macro segmentation_health(entity_type, revenue) %}
{%- set key = entity_type ~ '_id' -%}
with history as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
    where period_index >= {{ from_period() }}
),

metrics as (
    select
        {{ key }},
        period_index,
        cast({{ revenue }} as double precision) as revenue
    from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
    where period_index >= {{ from_period() }}
),

lines as (
    select distinct
        condition_id,
        period_index,
        line_content,
        scheme,
        enter_threshold,
        exit_threshold
    from {{ ref('int_rules_by_period') }}
    where entity_type = '{{ entity_type }}' and period_index >= {{ from_period() }}
),

-- values within a small share of a threshold: a little more or less decides (of a flag, 0 or 1, nothing does)
near as (
    select
        lines.scheme,
        states.period_index,
        count(distinct states.{{ key }}) as entities
    from {{ ref('int_' ~ entity_type ~ '_segment_states') }} as states
    inner join lines
        on
            states.condition_id = lines.condition_id
            and states.period_index = lines.period_index
            and states.line_content = lines.line_content
    where
        states.period_index >= {{ from_period() }}
        and states.value is not null
        and (states.value not in (0, 1) or lines.enter_threshold not in (0, 1))
        and (
            abs(states.value - lines.enter_threshold) <= abs(lines.enter_threshold) * {{ var('near_threshold_share', 0.05) }}
            or abs(states.value - lines.exit_threshold) <= abs(lines.exit_threshold) * {{ var('near_threshold_share', 0.05) }}
        )
    group by
        lines.scheme,
        states.period_index
),

sizes as (
    select
        history.scheme,
        history.segment,
        history.period_index,
        history.period_start_date,
        count(*) as entities,
        count(case when history.is_change then 1 end) as changes,
        {%- for reason in ['held', 'waiting', 'unobserved', 'override'] %}
        count(case when history.reason = '{{ reason }}' then 1 end) as {{ reason }},
        {%- endfor %}
        count(metrics.revenue) as with_revenue,
        sum(metrics.revenue) as revenue,
        sum(metrics.revenue * metrics.revenue) as revenue_squared
    from history
    left join metrics on history.{{ key }} = metrics.{{ key }} and history.period_index = metrics.period_index
    group by
        history.scheme,
        history.segment,
        history.period_index,
        history.period_start_date
),

schemes as (
    select
        scheme,
        period_index,
        period_start_date,
        sum(entities) as entities,
        count(*) as segments_in_use,
        max(entities) as largest_segment,
        sum(changes) as changes,
        sum(held) as held,
        sum(waiting) as waiting,
        sum(unobserved) as unobserved,
        sum(override) as overridden,
        -- sums of squares: between the segments, and of all
        sum(case when with_revenue > 0 then revenue * revenue / with_revenue end)
        - sum(revenue) * sum(revenue) / nullif(sum(with_revenue), 0) as squares_between,
        sum(revenue_squared) - sum(revenue) * sum(revenue) / nullif(sum(with_revenue), 0) as squares_of_all
    from sizes
    group by
        scheme,
        period_index,
        period_start_date
),

-- a rule that nobody has met since the history began
rules as (
    select
        scheme,
        period_index,
        count(*) as rules,
        count(case when met_so_far = 0 then 1 end) as rules_never_met
    from (
        select
            scheme,
            period_index,
            sum(met) over (partition by condition_id order by period_index) as met_so_far
        from {{ ref('fct_segment_rule_use') }}
        where entity_type = '{{ entity_type }}'
    ) as rule_use
    group by
        scheme,
        period_index
),

final as (
    select
        '{{ entity_type }}' as entity_type,
        schemes.scheme,
        schemes.period_index,
        schemes.period_start_date,
        cast(schemes.entities as integer) as entities,
        cast(schemes.segments_in_use as integer) as segments_in_use,
        {%- for share in ['largest_segment', 'changes', 'held', 'waiting', 'unobserved', 'overridden'] %}
        {{ exact_ratio('schemes.' ~ share, 'schemes.entities') }} as {{ 'churn' if share == 'changes' else share ~ '_share' }},
        {%- endfor %}
        {{ exact_ratio('coalesce(near.entities, 0)', 'schemes.entities') }} as near_threshold_share,
        -- a share between doubles: four decimals are more than it means
        cast(case
            when schemes.squares_of_all > 0.000001 then round(cast(schemes.squares_between / schemes.squares_of_all as numeric(18, 6)), 4)
        end as numeric(18, 6)) as revenue_variance_explained,
        cast(coalesce(rules.rules, 0) as integer) as rules,
        cast(coalesce(rules.rules_never_met, 0) as integer) as rules_never_met
    from schemes
    left join near on schemes.scheme = near.scheme and schemes.period_index = near.period_index
    left join rules on schemes.scheme = rules.scheme and schemes.period_index = rules.period_index
)

select * from final
{% endmacro %}
