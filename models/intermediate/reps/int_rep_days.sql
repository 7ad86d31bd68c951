{{ config(materialized='periodic', periods='all') }}
with days as (
    select * from {{ ref('base_sfa__working_days') }}
    where
        rejection_reason is null
        and work_date <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

final as (
    select
        rep_id,
        period_index,
        cast(count(case when not coalesce(is_day_off, false) and minutes_worked > 0 then 1 end) as integer)
            as days_worked,
        cast(
            coalesce(sum(case when not coalesce(is_day_off, false) and minutes_worked > 0 then minutes_worked end), 0)
            as numeric(38, 4)
        ) as minutes_worked,
        cast(count(case when is_day_off then 1 end) as integer) as days_off
    from days
    group by
        rep_id,
        period_index
)

select * from final
