{{ config(materialized='view') }}
with scores as (
    select * from {{ ref('int_audit_kpi_scores') }}
),

visits as (
    select
        visit_id,
        store_id,
        period_index,
        count(*) as expected_kpis,
        count(case when is_answered then 1 end) as answered_kpis,
        count(case when is_answered and kind = 'within' then 1 end) as price_answers,
        cast(sum(case when is_answered and kind = 'within' then score else 0 end) as numeric(38, 6)) as price_score_sum,
        sum(weight * score) as weighted_score,
        sum(weight) as weight,
        max(case when is_must_have and score < 1 then 1 else 0 end) = 1 as is_capped
    from scores
    group by
        visit_id,
        store_id,
        period_index
    -- an audited visit answers at least one KPI of its set
    having count(case when is_answered then 1 end) > 0
),

rated as (
    select
        *,
        {{ exact_ratio('100 * weighted_score', 'weight', decimals=12) }} as visit_score
    from visits
),

final as (
    select
        visit_id,
        store_id,
        period_index,
        expected_kpis,
        answered_kpis,
        price_answers,
        price_score_sum,
        is_capped,
        cast(
            case when is_capped then least(visit_score, {{ var('must_have_cap', 59) }}) else visit_score end
            as numeric(18, 6)
        ) as visit_score
    from rated
)

select * from final
