{{ config(materialized='periodic', periods='all') }}
with visits as (
    select * from {{ ref('stg_sfa__visits') }}
    where status = 'done'
),

interactions as (
    select * from {{ ref('stg_crm__interactions') }}
),

contacts as (
    select
        store_id,
        cast(started_at as date) as contacted_on,
        1 as visits,
        0 as interactions,
        cast(null as {{ dbt.type_string() }}) as channel
    from visits
    union all
    select
        store_id,
        cast(occurred_at as date) as contacted_on,
        0 as visits,
        1 as interactions,
        channel
    from interactions
),

final as (
    select
        store_id,
        {{ period_index('contacted_on') }} as period_index,
        {%- for channel in interaction_channels() %}
        cast(count(case when interactions = 1 and channel = '{{ channel }}' then 1 end) as integer)
            as interactions_{{ channel }},
        {%- endfor %}
        cast(sum(visits) as integer) as visits,
        cast(sum(interactions) as integer) as interactions
    from contacts
    where
        store_id is not null
        and contacted_on <= {{ as_of_date() }}
        and {{ period_index('contacted_on') }} >= {{ from_period() }}
    group by
        store_id,
        {{ period_index('contacted_on') }}
)

select * from final
