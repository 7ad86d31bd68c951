{{ config(meta={'dated_columns': ['rep_id']}) }}
with reps as (
    select * from {{ ref('int_reps') }}
),

documents as (
    select
        rep_id,
        min(first_document_on) as first_document_on,
        max(period_index) as last_document_period_index
    from {{ ref('int_rep_documents') }}
    group by rep_id
),

assignments as (
    select
        rep_id,
        min(valid_from) as first_assignment_on
    from {{ ref('stg_sfa__store_assignments') }}
    group by rep_id
),

calendar as (
    select min(period_start_date) as history_starts_on
    from {{ ref('int_periods') }}
),

members as (
    select
        reps.rep_id,
        coalesce(
            least(reps.hired_on, assignments.first_assignment_on, documents.first_document_on),
            cast(reps.known_since as date),
            case when reps.is_known then calendar.history_starts_on end
        ) as begins_on,
        case when reps.left_on <= {{ as_of_date() }} then reps.left_on end as ends_on,
        documents.last_document_period_index
    from reps
    cross join calendar
    left join documents on reps.rep_id = documents.rep_id
    left join assignments on reps.rep_id = assignments.rep_id
),

{{ entity_lives('rep_id') }}

select * from final
