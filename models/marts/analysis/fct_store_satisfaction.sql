{{ config(materialized='periodic') }}
{%- set look_back = window_length('year') - 1 -%}
with answers as (
    select
        answers.store_id,
        coalesce(answers.question, 'unknown') as question,
        {{ period_index('cast(answers.answered_at as date)') }} as period_index,
        answers.value
    from {{ ref('stg_crm__survey_answers') }} as answers
    inner join {{ ref('int_store_lives') }} as lives on answers.store_id = lives.store_id
    where
        cast(answers.answered_at as date) <= {{ as_of_date() }}
        and {{ period_index('cast(answers.answered_at as date)') }} >= lives.first_period_index
        and {{ period_index('cast(answers.answered_at as date)') }} >= {{ from_period(back=look_back) }}
),

spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period() }}
),

means as (
    select
        spine.store_id,
        spine.period_index,
        spine.period_start_date,
        answers.question,
        cast(count(answers.value) as integer) as answers,
        {{ exact_ratio('cast(sum(answers.value) as numeric(38, 6))', 'count(answers.value)') }} as value_avg_year
    from spine
    inner join answers
        on
            spine.store_id = answers.store_id
            and answers.period_index between spine.period_index - {{ look_back }} and spine.period_index
    where answers.value is not null
    group by
        spine.store_id,
        spine.period_index,
        spine.period_start_date,
        answers.question
),

metrics as (
    select
        store_id,
        period_index,
        order_value_year,
        gross_margin_year,
        net_contribution_year,
        complaints_quarter
    from {{ ref('fct_store_metrics') }}
    where period_index >= {{ from_period() }}
),

final as (
    select
        means.store_id,
        means.period_index,
        means.period_start_date,
        means.question,
        means.answers,
        means.value_avg_year,
        metrics.order_value_year,
        metrics.gross_margin_year,
        metrics.net_contribution_year,
        metrics.complaints_quarter
    from means
    inner join metrics on means.store_id = metrics.store_id and means.period_index = metrics.period_index
)

select * from final
