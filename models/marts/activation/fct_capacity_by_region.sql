with final as (
    select
        coalesce(region, 'unknown') as region,
        cycle_starts_on,
        cast(count(*) as integer) as reps,
        cast(count(case when shortfall_hours > 0 then 1 end) as integer) as reps_short,
        cast(sum(visits_asked) as integer) as visits_asked,
        cast(sum(visits_kept) as integer) as visits_kept,
        {%- for column in ['available_hours', 'hours_asked', 'shortfall_hours', 'free_hours'] %}
        cast(sum({{ column }}) as numeric(38, 6)) as {{ column }},
        {%- endfor %}
        as_of_date
    from {{ ref('fct_rep_capacity') }}
    group by
        coalesce(region, 'unknown'),
        cycle_starts_on,
        as_of_date
)

select * from final
