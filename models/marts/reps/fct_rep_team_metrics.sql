{{ config(materialized='periodic') }}
{#- Sums of the reps' own counts, and the ratios of these sums: the mean of reps of different size says less. -#}
{%- set counts = [
    'clients', 'top_clients', 'client_revenue_year', 'days_worked', 'minutes_worked', 'days_off', 'visits',
    'planned_visits', 'planned_visits_done', 'mandatory_steps', 'completed_steps'
] -%}
{%- set teams = {
    'manager': "coalesce(manager_id, 'unknown')", 'region': "coalesce(region, 'unknown')", 'company': "'all'"
} -%}
{%- set ratios = {
    'top_client_ratio': ('top_clients', 'clients'),
    'working_minutes_avg': ('minutes_worked', 'days_worked'),
    'visit_plan_completion': ('planned_visits_done', 'planned_visits'),
    'procedure_compliance': ('completed_steps', 'mandatory_steps')
} -%}
with metrics as (
    select * from {{ ref('fct_rep_metrics') }}
    where period_index >= {{ from_period() }}
),

reps as (
    select * from {{ ref('int_reps') }}
),

targets as (
    select
        entity_id as rep_id,
        period_index,
        count(actual) as targets,
        count(case when is_met then 1 end) as targets_met
    from {{ ref('fct_kpi_attainment') }}
    where entity_type = 'rep' and period_index >= {{ from_period() }}
    group by
        entity_id,
        period_index
),

memberships as (
    {%- for team_type, team in teams.items() %}
    select
        rep_id,
        '{{ team_type }}' as team_type,
        {{ team }} as team
    from reps
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

summed as (
    select
        memberships.team_type,
        memberships.team,
        metrics.period_index,
        metrics.period_start_date,
        cast(count(*) as integer) as reps,
        {%- for name in counts %}
        cast(sum(metrics.{{ name }}) as numeric(38, 6)) as {{ name }},
        {%- endfor %}
        cast(coalesce(sum(targets.targets), 0) as integer) as targets,
        cast(coalesce(sum(targets.targets_met), 0) as integer) as targets_met
    from metrics
    inner join memberships on metrics.rep_id = memberships.rep_id
    left join targets on metrics.rep_id = targets.rep_id and metrics.period_index = targets.period_index
    group by
        memberships.team_type,
        memberships.team,
        metrics.period_index,
        metrics.period_start_date
),

final as (
    select
        *,
        {%- for name, (numerator, denominator) in ratios.items() %}
        {{ exact_ratio(numerator, denominator) }} as {{ name }},
        {%- endfor %}
        {{ exact_ratio('targets_met', 'targets') }} as target_attainment
    from summed
)

select * from final
