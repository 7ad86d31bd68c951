{{ config(materialized='periodic') }}
{#- What a table that the company does not have would feed is unobserved, not 0. -#}
{%- set has_days = not inputs_are_missing(['sfa_working_days']) -%}
{%- set has_visits = not inputs_are_missing(['sfa_visits']) -%}
{%- set visit_counts = ['visits', 'planned_visits', 'planned_visits_done', 'mandatory_steps', 'completed_steps'] -%}
{%- set ratios = {
    'visit_plan_completion': ('planned_visits_done', 'planned_visits'),
    'procedure_compliance': ('completed_steps', 'mandatory_steps')
} -%}
with spine as (
    select * from {{ ref('int_rep_periods') }}
    where period_index >= {{ from_period() }}
),

days as (
    select * from {{ ref('int_rep_days') }}
    where period_index >= {{ from_period() }}
),

visits as (
    select * from {{ ref('int_rep_visits') }}
    where period_index >= {{ from_period() }}
),

counts as (
    select
        {%- for name in ['days_worked', 'days_off'] %}
        {{ 'coalesce(days.' ~ name ~ ', 0)' if has_days else 'cast(null as bigint)' }} as {{ name }},
        {%- endfor %}
        cast({{ 'coalesce(days.minutes_worked, 0)' if has_days else 'null' }} as numeric(38, 4)) as minutes_worked,
        {%- for name in visit_counts %}
        {{ 'coalesce(visits.' ~ name ~ ', 0)' if has_visits else 'cast(null as bigint)' }} as {{ name }},
        {%- endfor %}
        spine.rep_id,
        spine.period_index
    from spine
    left join days on spine.rep_id = days.rep_id and spine.period_index = days.period_index
    left join visits on spine.rep_id = visits.rep_id and spine.period_index = visits.period_index
),

-- a few days say nothing about a rep
final as (
    select
        *,
        {%- for name, (numerator, denominator) in ratios.items() %}
        cast(case
            when days_worked >= {{ var('min_days_worked', 5) }} then {{ exact_ratio(numerator, denominator) }}
        end as numeric(18, 6)) as {{ name }},
        {%- endfor %}
        cast(case
            when days_worked >= {{ var('min_days_worked', 5) }} then {{ exact_ratio('minutes_worked', 'days_worked') }}
        end as numeric(18, 6)) as working_minutes_avg
    from counts
)

select * from final
