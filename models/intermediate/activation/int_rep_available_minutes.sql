-- What a rep has in the planning cycle that holds as_of_date: its weekdays less his days off, planned ones too.
{%- set cycle_days = 7 * (var('planning_cycle_weeks', 4) | int) %}
with reps as (
    select * from {{ ref('dim_reps') }}
    where is_active
),

{{ time_rates_today() }}
-- Saturday and Sunday are no working days, so a day off on them takes nothing
days_off as (
    select
        rep_id,
        count(distinct work_date) as days_off
    from {{ ref('stg_sfa__working_days') }}
    where
        is_day_off
        and work_date >= {{ cycle_start(as_of_date()) }}
        and work_date < {{ cycle_start(as_of_date(), later=1) }}
        and mod({{ days_between("cast('1970-01-05' as date)", 'work_date') }}, 7) < 5
    group by rep_id
),

final as (
    select
        reps.rep_id,
        reps.region,
        reps.manager_id,
        {{ cycle_start(as_of_date()) }} as cycle_starts_on,
        cast({{ cycle_days }} / 7 * 5 as integer) as weekdays,
        cast(coalesce(days_off.days_off, 0) as integer) as days_off,
        cast(
            ({{ cycle_days }} / 7 * 5 - coalesce(days_off.days_off, 0)) * {{ minutes_of('working_day', 'day_rates') }}
            as numeric(18, 6)
        ) as available_minutes
    from reps
    left join days_off on reps.rep_id = days_off.rep_id
    left join time_rates as day_rates on day_rates.activity = 'working_day' and reps.region = day_rates.key
)

select * from final
