{{ config(materialized='periodic') }}
{#- What a table that the company does not have would feed is unobserved, not 0. -#}
{%- set visits = 'cast(null as integer)' if inputs_are_missing(['sfa_visits']) else 'coalesce(contacts.visits, 0)' -%}
{%- set has_interactions = not inputs_are_missing(['crm_interactions']) -%}
{%- set look_back = window_length('year') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

contacts as (
    select * from {{ ref('int_store_contact_counts') }}
),

lives as (
    select * from {{ ref('int_store_lives') }}
),

-- a visit before the life or before what is read is outside the windows, but it was the last one until the next
earlier_visits as (
    select
        lives.store_id,
        max(contacts.period_index) as earlier_visit_period_index
    from lives
    inner join contacts on lives.store_id = contacts.store_id
    where
        contacts.visits > 0
        and (
            contacts.period_index < lives.first_period_index
            or contacts.period_index < {{ from_period(back=look_back) }}
        )
    group by lives.store_id
),

store_periods as (
    select
        spine.store_id,
        spine.period_index,
        {{ visits }} as visits,
        {%- for channel in interaction_channels() %}
        {{ 'coalesce(contacts.interactions_' ~ channel ~ ', 0)' if has_interactions else 'cast(null as integer)' }}
            as interactions_{{ channel }},
        {%- endfor %}
        {{ 'coalesce(contacts.interactions, 0)' if has_interactions else 'cast(null as integer)' }} as interactions,
        case when contacts.visits > 0 then spine.period_index end as visit_period_index,
        earlier_visits.earlier_visit_period_index
    from spine
    left join contacts
        on
            spine.store_id = contacts.store_id
            and spine.period_index = contacts.period_index
    left join earlier_visits on spine.store_id = earlier_visits.store_id
),

windows as (
    select
        store_id,
        period_index,
        {%- for window in window_names() %}
        cast({{ trailing_sum('visits', window, 'store_id') }} as bigint) as visits_{{ window }},
        cast({{ trailing_sum('interactions', window, 'store_id') }} as bigint) as interactions_{{ window }},
        {%- endfor %}
        {%- for channel in interaction_channels() %}
        cast({{ trailing_sum('interactions_' ~ channel, 'quarter', 'store_id') }} as bigint)
            as interactions_{{ channel }}_quarter,
        {%- endfor %}
        period_index - coalesce(
            max(visit_period_index) over (
                partition by store_id
                order by period_index
                rows between unbounded preceding and current row
            ),
            earlier_visit_period_index
        ) as periods_since_last_visit
    from store_periods
),

final as (
    select
        *,
        -- one of the two tables is enough to count contacts
        coalesce(visits_year + interactions_year, visits_year, interactions_year) as contacts_year
    from windows
)

select * from final
