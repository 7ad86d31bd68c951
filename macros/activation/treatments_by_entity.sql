{#- What is in force for each entity, one row a treatment: of what several schemes give, what treatment_types.csv
    lets count. Grain: entity x treatment. -#}
{% macro treatments_by_entity(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
with in_force as (
    select * from {{ ref('int_treatments_in_force') }}
    where entity_type = '{{ entity_type }}'
),

types as (
    select
        *,
        {{ metric_position(entity_type, 'cost_metric') }} as metric_position
    from {{ ref('policy_treatment_types') }}
),

ladder as (
    select * from {{ ref('int_segment_ladder') }}
    where entity_type = '{{ entity_type }}'
),

metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
    where period_index = {{ last_closed_period() }}
),

{{ metric_by_name_ctes(entity_type) }}
-- a type that policy has dropped since, or turned into numbers, goes by priority
given as (
    select
        in_force.*,
        types.unit,
        types.cost_metric,
        types.metric_position,
        case
            when
                types.combine in ('max', 'min', 'sum')
                and count(in_force.value_number) over (partition by in_force.entity_id, in_force.treatment) = 0
                then 'priority'
            else coalesce(types.combine, 'priority')
        end as combine,
        nullif(position('|' || in_force.scheme || '|' in '|' || coalesce(types.scheme_priority, '') || '|'), 0)
            as priority_place,
        ladder.level
    from in_force
    left join types on in_force.treatment = types.treatment
    left join ladder on in_force.scheme = ladder.scheme and in_force.segment = ladder.segment
),

ranked as (
    select
        *,
        row_number() over (
            partition by entity_id, treatment
            order by
                case combine when 'max' then -value_number when 'min' then value_number when 'sum' then 0 * value_number end
                    nulls last,
                -- of equal numbers the one that lasts
                case when combine in ('max', 'min') then coalesce(ends_on, cast('9999-12-31' as date)) end desc nulls last,
                priority_place nulls last,
                {{ bytewise('scheme') }},
                -- while one of them runs out the better segment counts: what is kept in notice, or what is new
                level desc nulls last,
                in_force_since desc,
                {{ bytewise('segment') }},
                {{ bytewise('value') }}
        ) as value_rank,
        row_number() over (
            partition by entity_id, treatment, value
            order by
                coalesce(ends_on, cast('9999-12-31' as date)) desc,
                priority_place nulls last,
                {{ bytewise('scheme') }},
                {{ bytewise('segment') }}
        ) as same_value_rank,
        -- a value lasts as long as somebody gives it
        nullif(
            max(coalesce(ends_on, cast('9999-12-31' as date))) over (partition by entity_id, treatment, value),
            cast('9999-12-31' as date)
        ) as value_ends_on
    from given
),

-- a name among numbers is of an older policy
judged as (
    select
        *,
        case combine
            when 'union' then same_value_rank = 1
            when 'sum' then value_number is not null
            else value_rank = 1
        end as counts,
        scheme || ' ' || segment as giver
    from ranked
),

given_once as (
    select
        *,
        counts and row_number() over (
            partition by entity_id, treatment, giver, counts order by value_rank
        ) = 1 as is_giver,
        case when counts then row_number() over (partition by entity_id, treatment, counts order by value_rank) end
            as first_that_counts
    from judged
),

combined as (
    select
        entity_id,
        treatment,
        max(unit) as unit,
        max(combine) as combine,
        max(case when value_rank = 1 then value end) as first_value,
        {{ text_list("case when combine = 'union' and counts then value end", ', ') }} as all_values,
        cast(sum(case when counts and combine in ('max', 'min', 'sum') then value_number end) as numeric(38, 6))
            as value_number,
        max(case when first_that_counts = 1 then scheme end) as scheme,
        max(case when first_that_counts = 1 then segment end) as segment,
        {{ text_list("case when is_giver then giver end", ', ') }} as given_by,
        {{ text_list("case when not counts then giver || ': ' || value end", ', ') }} as beats,
        min(case when counts then in_force_since end) as in_force_since,
        -- while something of it has no end, neither has the whole
        case when count(case when counts then 1 end) = count(case when counts then value_ends_on end)
            then max(case when counts then value_ends_on end) end as ends_on,
        max(case when value_rank = 1 then unit_cost end) as unit_cost,
        cast(sum(case when counts then
            cast(unit_cost as numeric(38, 6)) * case when combine in ('max', 'min', 'sum') then value_number else 1 end
        end) as numeric(38, 6)) as cost_before_metric,
        max(cost_metric) as cost_metric,
        max(metric_position) as metric_position
    from given_once
    group by
        entity_id,
        treatment
),

final as (
    select
        combined.entity_id as {{ key }},
        combined.treatment,
        combined.unit,
        case combined.combine
            when 'sum' then {{ plain_number('combined.value_number') }}
            when 'union' then combined.all_values
            else combined.first_value
        end as value,
        combined.value_number,
        combined.scheme,
        combined.segment,
        combined.given_by,
        combined.beats,
        combined.in_force_since,
        combined.ends_on,
        combined.unit_cost,
        cast(case
            when combined.cost_metric is null then combined.cost_before_metric
            else combined.cost_before_metric * {{ metric_by_name('metric_values', 'combined') }}
        end as numeric(38, 6)) as cost,
        {{ as_of_date() }} as as_of_date
    from combined
    left join metric_values on combined.entity_id = metric_values.{{ key }}
    {{- metric_by_name_joins(entity_type, 'metric_values', 'combined', name='cost_metric') }}
)

select * from final
{% endmacro %}
