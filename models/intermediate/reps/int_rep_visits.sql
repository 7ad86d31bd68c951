{{ config(materialized='periodic', periods='all') }}
with visits as (
    select * from {{ ref('base_sfa__visits') }}
    where
        rejection_reason is null
        and rep_id is not null
        and cast(started_at as date) <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

days_off as (
    select
        rep_id,
        work_date
    from {{ ref('base_sfa__working_days') }}
    where
        rejection_reason is null
        and is_day_off
        and period_index >= {{ from_period() }}
),

-- nobody is expected to visit on a day off
judged as (
    select
        visits.rep_id,
        visits.period_index,
        visits.status = 'done' as is_done,
        coalesce(visits.is_planned, false) and days_off.rep_id is null as is_expected,
        visits.mandatory_steps,
        visits.completed_steps
    from visits
    left join days_off
        on
            visits.rep_id = days_off.rep_id
            and cast(visits.started_at as date) = days_off.work_date
),

final as (
    select
        rep_id,
        period_index,
        cast(count(case when is_done then 1 end) as integer) as visits,
        cast(count(case when is_expected then 1 end) as integer) as planned_visits,
        cast(count(case when is_expected and is_done then 1 end) as integer) as planned_visits_done,
        cast(coalesce(sum(case when is_done then mandatory_steps end), 0) as bigint) as mandatory_steps,
        cast(coalesce(sum(case when is_done and mandatory_steps is not null then completed_steps end), 0) as bigint)
            as completed_steps
    from judged
    group by
        rep_id,
        period_index
)

select * from final
