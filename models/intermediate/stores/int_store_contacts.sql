{{ config(schema='contacts') }}

with

stores as (
    select * from {{ ref('stg_erp__stores') }}
),

final as (
    select
        store_id,
        contact_email,
        contact_phone
    from stores
    where contact_email is not null or contact_phone is not null
)

select * from final
