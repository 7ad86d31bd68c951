with reps as (
    select * from {{ ref('dim_reps') }}
    where is_active and manager_id is not null
),

explanations as (
    select
        rep_id,
        {{ text_list('sentence', ' | ') }} as explanation
    from {{ ref('fct_rep_explanations') }}
    where is_active
    group by rep_id
),

sheets as (
    select
        rep_id,
        count(*) as stores,
        count(changes) as stores_changed,
        count(warnings) as stores_with_warnings,
        sum(critical_signals) as critical_signals,
        sum(order_value_year) as order_value_year
    from {{ ref('fct_rep_sheets') }}
    group by rep_id
),

capacity as (
    select * from {{ ref('fct_rep_capacity') }}
),

metrics as (
    select * from {{ ref('fct_rep_metrics') }}
    where period_index = {{ last_closed_period() }}
),

final as (
    select
        reps.manager_id,
        reps.rep_id,
        reps.rep_name,
        reps.region,
        {%- for column in ['stores', 'stores_changed', 'stores_with_warnings', 'critical_signals'] %}
        cast(coalesce(sheets.{{ column }}, 0) as integer) as {{ column }},
        {%- endfor %}
        cast(sheets.order_value_year as numeric(38, 6)) as order_value_year,
        metrics.clients,
        metrics.top_client_ratio,
        capacity.shortfall_hours,
        capacity.free_hours,
        explanations.explanation,
        {{ as_of_date() }} as as_of_date
    from reps
    left join explanations on reps.rep_id = explanations.rep_id
    left join sheets on reps.rep_id = sheets.rep_id
    left join capacity on reps.rep_id = capacity.rep_id
    left join metrics on reps.rep_id = metrics.rep_id
)

select * from final
