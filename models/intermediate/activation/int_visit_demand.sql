-- Visits of a planning cycle that treatments ask of a store's own rep, and what each takes.
with treatments as (
    select * from {{ ref('fct_store_treatments') }}
),

{{ time_rates_today() }}
asked as (
    select
        store_id,
        coalesce(max(case when treatment = 'visits_per_cycle' then value_number end), 0) as visits,
        coalesce(max(case when treatment = 'extra_visits_per_cycle' then value_number end), 0) as extra_visits,
        max(case when treatment = 'visits_per_cycle' then segment end) as segment,
        max(case when treatment = 'visits_per_cycle' then scheme end) as scheme,
        max(case when treatment = 'visit_scenario' then value end) as visit_scenario
    from treatments
    where treatment in ('visits_per_cycle', 'extra_visits_per_cycle', 'visit_scenario')
    group by store_id
),

final as (
    select
        store_reps.rep_id,
        asked.store_id,
        stores.region,
        asked.visit_scenario,
        cast(asked.visits as integer) as visits,
        cast(asked.extra_visits as integer) as extra_visits,
        last_chance.store_id is not null as is_last_chance,
        coalesce(ladder.level, 0) as segment_level,
        cast(coalesce(last_chance.order_value_year_before, metrics.order_value_year, 0) as numeric(18, 6))
            as order_value_year,
        cast({{ minutes_of('visit', 'visit_rates') }} + {{ minutes_of('travel', 'travel_rates') }} as numeric(18, 6))
            as minutes_per_visit
    from asked
    inner join {{ ref('int_store_reps_current') }} as store_reps
        on asked.store_id = store_reps.store_id and store_reps.is_own_rep
    inner join {{ ref('dim_stores') }} as stores on asked.store_id = stores.store_id
    left join {{ ref('fct_last_chance_visits') }} as last_chance on asked.store_id = last_chance.store_id
    left join {{ ref('int_segment_ladder') }} as ladder
        on ladder.entity_type = 'store' and asked.scheme = ladder.scheme and asked.segment = ladder.segment
    left join {{ ref('fct_store_metrics') }} as metrics
        on asked.store_id = metrics.store_id and metrics.period_index = {{ last_closed_period() }}
    left join time_rates as visit_rates
        on visit_rates.activity = 'visit' and asked.visit_scenario = visit_rates.key
    left join time_rates as travel_rates
        on travel_rates.activity = 'travel' and stores.region = travel_rates.key
)

select * from final
