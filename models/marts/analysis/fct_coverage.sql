{{ config(materialized='periodic') }}
with outlets as (
    select
        *,
        coalesce(potential_score, 0) as known_potential
    from {{ ref('int_store_outlets') }}
    where period_index >= {{ from_period() }}
),

assignments as (
    select * from {{ ref('int_store_assignments') }}
),

reps as (
    select
        outlets.region,
        outlets.channel,
        outlets.period_index,
        count(distinct assignments.rep_id) as reps
    from outlets
    inner join assignments
        on
            outlets.store_id = assignments.store_id
            and outlets.period_index >= assignments.first_period_index
            and (assignments.last_period_index is null or outlets.period_index <= assignments.last_period_index)
    group by
        outlets.region,
        outlets.channel,
        outlets.period_index
),

summed as (
    select
        region,
        channel,
        period_index,
        period_start_date,
        cast(count(*) as integer) as universe,
        cast(count(case when is_served then 1 end) as integer) as served,
        cast(count(case when is_ordering then 1 end) as integer) as ordering,
        cast(sum(case when is_served then known_potential else 0 end) as numeric(38, 6)) as potential_served,
        cast(sum(case when is_served then 0 else known_potential end) as numeric(38, 6)) as potential_unserved,
        cast(count(case when potential_segment = 'HIGH' and not is_served then 1 end) as integer)
            as high_potential_unserved,
        cast(sum(visits) as integer) as visits
    from outlets
    group by
        region,
        channel,
        period_index,
        period_start_date
),

final as (
    select
        summed.*,
        cast(coalesce(reps.reps, 0) as integer) as reps,
        {{ exact_ratio('summed.served', 'summed.universe') }} as numeric_coverage,
        {{ exact_ratio('summed.potential_served', 'summed.potential_served + summed.potential_unserved') }}
            as weighted_coverage
    from summed
    left join reps
        on
            summed.region = reps.region
            and summed.channel = reps.channel
            and summed.period_index = reps.period_index
)

select * from final
