with

judged as (
    select * from {{ ref('base_crm__survey_answers') }}
),

usable as (
    select
        answer_id,
        store_id,
        question,
        value,
        answered_at,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
