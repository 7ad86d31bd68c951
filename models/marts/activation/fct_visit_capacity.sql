-- Who keeps his visits where a rep is short of time: last chances first, then planned visits, then extra ones, each
-- by the level of the segment and the year's revenue.
with demand as (
    select * from {{ ref('int_visit_demand') }}
),

available as (
    select * from {{ ref('int_rep_available_minutes') }}
),

asked as (
    select
        *,
        'planned' as visit_kind,
        visits as visits_asked
    from demand
    where visits > 0
    union all
    select
        *,
        'extra' as visit_kind,
        extra_visits as visits_asked
    from demand
    where extra_visits > 0
),

ranked as (
    select
        asked.*,
        available.available_minutes,
        available.cycle_starts_on,
        asked.visits_asked * asked.minutes_per_visit as minutes_asked,
        row_number() over (
            partition by asked.rep_id
            order by
                asked.is_last_chance desc,
                asked.visit_kind desc,
                asked.segment_level desc,
                asked.order_value_year desc,
                {{ bytewise('asked.store_id') }}
        ) as visit_rank
    from asked
    inner join available on asked.rep_id = available.rep_id
),

filled as (
    select
        *,
        available_minutes - coalesce(sum(minutes_asked) over (
            partition by rep_id order by visit_rank rows between unbounded preceding and 1 preceding
        ), 0) as minutes_left
    from ranked
),

-- a quotient is rounded: one visit too many is taken back by the product, which is exact
fitted as (
    select
        *,
        floor({{ exact_ratio('minutes_left', 'minutes_per_visit') }}) as visits_that_fit
    from filled
),

final as (
    select
        rep_id,
        store_id,
        visit_kind,
        region,
        visit_scenario,
        is_last_chance,
        cast(visit_rank as integer) as visit_rank,
        minutes_per_visit,
        visits_asked,
        cast(least(greatest(
            visits_that_fit - case when visits_that_fit * minutes_per_visit > minutes_left then 1 else 0 end, 0
        ), visits_asked) as integer) as visits_kept,
        cast(minutes_asked as numeric(18, 6)) as minutes_asked,
        cast(minutes_left as numeric(38, 6)) as minutes_left,
        cycle_starts_on,
        {{ as_of_date() }} as as_of_date
    from fitted
)

select * from final
