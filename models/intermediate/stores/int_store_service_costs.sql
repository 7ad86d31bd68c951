{{ config(materialized='periodic', periods='all') }}
{#- What stands in cost_rates.csv for each kind of activity. -#}
{%- set kinds = {'visit': 'visit_minute', 'interaction': 'contact', 'complaint': 'complaint'} -%}
{%- set sums = {'visit': 'visit_cost_by_seconds', 'interaction': 'contact_cost', 'complaint': 'complaint_cost'} -%}
with activities as (
    select * from {{ ref('int_service_activities') }}
    where
        store_id is not null
        and period_index >= {{ from_period() }}
),

-- by day, as rates hold by the day
daily as (
    select
        store_id,
        period_index,
        happened_on,
        kind,
        coalesce(channel, '*') as channel,
        cast(sum(case when kind = 'visit' then seconds else 1 end) as bigint) as units,
        count(*) as activities
    from activities
    group by
        store_id,
        period_index,
        happened_on,
        kind,
        coalesce(channel, '*')
),

rates as (
    select
        case activity
            {%- for kind, activity in kinds.items() %}
            when '{{ activity }}' then '{{ kind }}'
            {%- endfor %}
        end as kind,
        channel,
        unit_cost,
        valid_from,
        valid_to
    from {{ ref('policy_cost_rates') }}
),

costed as (
    select
        daily.*,
        daily.units * coalesce(own.unit_cost, common.unit_cost, 0) as cost
    from daily
    left join rates as own
        on
            daily.kind = own.kind
            and daily.channel = own.channel
            and (own.valid_from is null or daily.happened_on >= own.valid_from)
            and (own.valid_to is null or daily.happened_on < own.valid_to)
    left join rates as common
        on
            daily.kind = common.kind
            and '*' = common.channel
            and (common.valid_from is null or daily.happened_on >= common.valid_from)
            and (common.valid_to is null or daily.happened_on < common.valid_to)
),

final as (
    select
        store_id,
        period_index,
        {%- for channel in interaction_channels() %}
        cast(sum(case when kind = 'interaction' and channel = '{{ channel }}' then cost else 0 end) as numeric(38, 6))
            as contact_cost_{{ channel }},
        {%- endfor %}
        -- of visits: 60 times the cost, which is divided once, at the end
        {%- for kind, name in sums.items() %}
        cast(sum(case when kind = '{{ kind }}' then cost else 0 end) as numeric(38, 6)) as {{ name }},
        {%- endfor %}
        cast(sum(case when kind = 'complaint' then activities else 0 end) as integer) as complaints
    from costed
    group by
        store_id,
        period_index
)

select * from final
