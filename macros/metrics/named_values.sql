{#- Metrics by their own names: what was measured outside or recorded of an entity, from the period in which it
    became known until the next value (or var attribute_max_age_periods). Grain: entity x metric x interval;
    last_period_index null: until further notice.
    recorded   model of recorded attributes (<entity>_id, attribute, period_index, recorded_on, value,
               number_value), where the entity type has them
    computed   model of values that hold for life where nothing else is known (<entity>_id, metric, value) -#}
{% macro named_values(entity_type, recorded=none, computed=none) %}
{%- set key = entity_type ~ '_id' -%}
{%- set max_age = var('attribute_max_age_periods', none) -%}
with lives as (
    select * from {{ ref('int_' ~ entity_type ~ '_lives') }}
),

measurements as (
    select
        entity_id as {{ key }},
        metric,
        period_index,
        last_measured_on,
        last_value,
        sum_of_values,
        measurements
    from {{ ref('int_external_metric_periods') }}
    where entity_type = '{{ entity_type }}'
),

flags as (
    select * from {{ ref('policy_attribute_flags') }} where entity_type = '{{ entity_type }}'
),

-- names that mean something else, whoever else uses them: scores, and metrics of a period's own measurements
taken_names as (
    select score as metric
    from {{ ref('policy_score_weights') }}
    where entity_type = '{{ entity_type }}'
    union
    select metric
    from {{ ref('policy_external_metrics') }}
    where entity_type = '{{ entity_type }}' and aggregation <> 'last'
),
{% if recorded %}
recorded as (
    select * from {{ recorded }}
),

-- texts that never were a number are no metric
numeric_names as (
    select distinct attribute
    from recorded
    where number_value is not null
),

recorded_names as (
    select distinct attribute
    from recorded
),
{% endif %}
-- one stream by name, whoever reports it
events as (
    select
        {{ key }},
        metric,
        period_index,
        last_measured_on as known_on,
        1 as source_rank,
        last_value as value
    from measurements
    {%- if recorded %}
    union all
    select
        recorded.{{ key }},
        recorded.attribute as metric,
        recorded.period_index,
        recorded.recorded_on as known_on,
        2 as source_rank,
        recorded.number_value as value
    from recorded
    inner join numeric_names on recorded.attribute = numeric_names.attribute
    union all
    select
        recorded.{{ key }},
        flags.metric,
        recorded.period_index,
        recorded.recorded_on as known_on,
        3 as source_rank,
        {{ flag_value('recorded.value') }} as value
    from recorded
    inner join flags on recorded.attribute = flags.attribute
    {%- endif %}
),

-- what became known before the life is known from its first period on
ranked as (
    select
        events.{{ key }},
        events.metric,
        greatest(events.period_index, lives.first_period_index) as first_period_index,
        events.period_index as known_period_index,
        events.value,
        row_number() over (
            partition by events.{{ key }}, events.metric, greatest(events.period_index, lives.first_period_index)
            order by events.known_on desc, events.source_rank
        ) as recency
    from events
    inner join lives on events.{{ key }} = lives.{{ key }}
    left join taken_names on events.metric = taken_names.metric
    where taken_names.metric is null
),

carried as (
    select
        {{ key }},
        metric,
        first_period_index,
        lead(first_period_index) over (partition by {{ key }}, metric order by first_period_index) as next_period_index,
        {{ 'known_period_index + ' ~ max_age if max_age is not none else 'cast(null as integer)' }} as expires_period_index,
        value
    from ranked
    where recency = 1
),

known as (
    select
        {{ key }},
        metric,
        first_period_index,
        next_period_index,
        expires_period_index,
        least(next_period_index - 1, expires_period_index) as last_period_index,
        value
    from carried
    where coalesce(expires_period_index >= first_period_index, true)
),

-- metrics that policy wants as the mean or sum of a period's own measurements, whoever made them
measured as (
    select
        {{ key }},
        metric,
        period_index,
        sum_of_values,
        measurements
    from measurements
    {%- if recorded %}
    union all
    select
        {{ key }},
        attribute as metric,
        period_index,
        sum_of_values,
        measurements
    from recorded
    where measurements > 0
    {%- endif %}
),

of_one_period as (
    select
        measured.{{ key }},
        measured.metric,
        measured.period_index as first_period_index,
        measured.period_index as last_period_index,
        case
            when max(listed.aggregation) = 'sum' then cast(sum(measured.sum_of_values) as numeric(18, 6))
            else {{ exact_ratio('sum(measured.sum_of_values)', 'sum(measured.measurements)') }}
        end as value
    from measured
    inner join lives on measured.{{ key }} = lives.{{ key }} and measured.period_index >= lives.first_period_index
    inner join {{ ref('policy_external_metrics') }} as listed
        on
            measured.metric = listed.metric
            and listed.entity_type = '{{ entity_type }}'
            and listed.aggregation <> 'last'
    where measured.metric not in (
        select score from {{ ref('policy_score_weights') }} where entity_type = '{{ entity_type }}'
    )
    group by
        measured.{{ key }},
        measured.metric,
        measured.period_index
),

known_names as (
    select distinct metric from known
),

-- an attribute of the master is as old as the life
of_masters as (
    select
        lives.{{ key }},
        flags.metric,
        lives.first_period_index,
        cast(null as integer) as last_period_index,
        max({{ flag_value('attributes.value') }}) as value
    from {{ ref('int_' ~ entity_type ~ '_attributes') }} as attributes
    inner join flags on attributes.attribute = flags.attribute
    inner join lives on attributes.{{ key }} = lives.{{ key }}
    left join taken_names on flags.metric = taken_names.metric
    left join known_names on flags.metric = known_names.metric
    {%- if recorded %}
    left join recorded_names on attributes.attribute = recorded_names.attribute
    {%- endif %}
    where
        taken_names.metric is null
        and known_names.metric is null
        {{ 'and recorded_names.attribute is null' if recorded }}
    group by
        lives.{{ key }},
        flags.metric,
        lives.first_period_index
),
{% if computed %}
computed as (
    select
        computed.{{ key }},
        computed.metric,
        computed.value,
        lives.first_period_index
    from {{ computed }} as computed
    inner join lives on computed.{{ key }} = lives.{{ key }}
    left join taken_names on computed.metric = taken_names.metric
    where taken_names.metric is null
),

first_known as (
    select
        {{ key }},
        metric,
        min(first_period_index) as first_period_index
    from known
    group by
        {{ key }},
        metric
),

-- a delivered value wins for as long as it is known
where_unknown as (
    select
        computed.{{ key }},
        computed.metric,
        computed.first_period_index,
        first_known.first_period_index - 1 as last_period_index,
        computed.value
    from computed
    left join first_known on computed.{{ key }} = first_known.{{ key }} and computed.metric = first_known.metric
    where coalesce(first_known.first_period_index > computed.first_period_index, true)
    union all
    select
        computed.{{ key }},
        computed.metric,
        known.last_period_index + 1 as first_period_index,
        known.next_period_index - 1 as last_period_index,
        computed.value
    from computed
    inner join known on computed.{{ key }} = known.{{ key }} and computed.metric = known.metric
    where known.last_period_index is not null and coalesce(known.last_period_index < known.next_period_index - 1, true)
),
{% endif %}
final as (
    {%- for part in ['known', 'of_one_period', 'of_masters'] + (['where_unknown'] if computed else []) %}
    select
        {{ key }},
        metric,
        first_period_index,
        last_period_index,
        cast(value as numeric(18, 6)) as value
    from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
{% endmacro %}


{#- 1 where a text is one of a flag's values, 0 where it is another, NULL where none is known. -#}
{% macro flag_value(value) -%}
    case
            when {{ value }} is not null
                then case when position(';' || {{ value }} || ';' in flags.listed_values) > 0 then 1 else 0 end
        end
{%- endmacro %}
