{{ config(schema='contacts') }}

with

judged as (
    select * from {{ ref('base_erp__stores') }}
),

final as (
    select
        store_id,
        contact_email,
        contact_phone
    from judged
    where
        rejection_reason is null
        and (contact_email is not null or contact_phone is not null)
)

select * from final
