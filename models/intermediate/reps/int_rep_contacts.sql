{{ config(schema='contacts') }}

with

judged as (
    select * from {{ ref('base_sfa__reps') }}
),

final as (
    select
        rep_id,
        email
    from judged
    where
        rejection_reason is null
        and email is not null
)

select * from final
