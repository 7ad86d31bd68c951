{{ config(materialized='periodic', periods='all') }}
with documents as (
    select * from {{ ref('int_documents') }}
    where
        rep_id is not null
        and period_index >= {{ from_period() }}
),

final as (
    select
        rep_id,
        period_index,
        min(ordered_on) as first_document_on
    from documents
    group by rep_id, period_index
)

select * from final
