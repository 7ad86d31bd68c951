{{ config(materialized='periodic') }}
with visits as (
    select * from {{ ref('int_audit_visit_scores') }}
    where period_index >= {{ from_period() }}
),

store_periods as (
    select
        store_id,
        period_index,
        count(*) as visits,
        sum(visit_score) as visit_score_sum,
        sum(price_score_sum) as price_score_sum,
        sum(price_answers) as price_answers,
        sum(answered_kpis) as answered_kpis,
        sum(expected_kpis) as expected_kpis
    from visits
    group by store_id, period_index
),

final as (
    select
        store_id,
        period_index,
        {{ exact_ratio('visit_score_sum', 'visits') }} as perfect_store_score,
        {{ exact_ratio('price_score_sum', 'price_answers') }} as price_correctness,
        {{ exact_ratio('answered_kpis', 'expected_kpis') }} as audit_coverage
    from store_periods
)

select * from final
