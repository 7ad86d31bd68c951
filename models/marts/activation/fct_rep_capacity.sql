with available as (
    select * from {{ ref('int_rep_available_minutes') }}
),

visits as (
    select
        rep_id,
        sum(visits_asked) as visits_asked,
        sum(visits_kept) as visits_kept,
        sum(case when visit_kind = 'extra' then visits_asked else 0 end) as extra_visits_asked,
        sum(case when visit_kind = 'extra' then visits_kept else 0 end) as extra_visits_kept,
        sum(minutes_asked) as minutes_asked
    from {{ ref('fct_visit_capacity') }}
    group by rep_id
),

final as (
    select
        available.rep_id,
        available.region,
        available.manager_id,
        available.cycle_starts_on,
        available.weekdays,
        available.days_off,
        {%- for column in ['visits_asked', 'visits_kept', 'extra_visits_asked', 'extra_visits_kept'] %}
        cast(coalesce(visits.{{ column }}, 0) as integer) as {{ column }},
        {%- endfor %}
        {{ exact_ratio('available.available_minutes', '60') }} as available_hours,
        {{ exact_ratio('coalesce(visits.minutes_asked, 0)', '60') }} as hours_asked,
        {{ exact_ratio('greatest(coalesce(visits.minutes_asked, 0) - available.available_minutes, 0)', '60') }}
            as shortfall_hours,
        {{ exact_ratio('greatest(available.available_minutes - coalesce(visits.minutes_asked, 0), 0)', '60') }}
            as free_hours,
        {{ as_of_date() }} as as_of_date
    from available
    left join visits on available.rep_id = visits.rep_id
)

select * from final
