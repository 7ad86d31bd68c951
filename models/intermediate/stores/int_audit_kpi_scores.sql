{{ config(materialized='view') }}
with expected as (
    select * from {{ ref('int_audit_standards') }}
),

answers as (
    select * from {{ ref('stg_sfa__audit_answers') }}
),

answered as (
    select
        expected.visit_id,
        expected.store_id,
        expected.period_index,
        expected.standard_set,
        expected.kpi,
        expected.kind,
        expected.weight,
        expected.target,
        expected.tolerance,
        expected.is_must_have,
        answers.value
    from expected
    left join answers
        on
            expected.visit_id = answers.visit_id
            and expected.kpi = answers.kpi
),

final as (
    select
        visit_id,
        store_id,
        period_index,
        standard_set,
        kpi,
        kind,
        weight,
        is_must_have,
        value,
        value is not null as is_answered,
        cast(case
            when value is null or value < 0 then 0
            when kind = 'at_least' and (target <= 0 or value >= target) then 1
            when kind = 'at_least' then {{ exact_ratio('value', 'target') }}
            when kind = 'at_most' and value <= target then 1
            when kind = 'at_most' and target > 0 and value < 2 * target
                then {{ exact_ratio('2 * target - value', 'target') }}
            when kind = 'within' and abs(value - target) <= tolerance then 1
            when kind = 'yes_no' and value >= 1 then 1
            else 0
        end as numeric(18, 6)) as score
    from answered
)

select * from final
