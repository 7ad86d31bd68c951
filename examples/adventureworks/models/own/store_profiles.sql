with

stores as (
    select * from {{ source('adventureworks', 'stores') }}
),

final as (
    select
        account_number as store_id,
        case order_frequency
            when 'Q' then 'QUARTERLY'
            when 'S' then 'HALF_YEARLY'
            when 'A' then 'YEARLY'
        end as order_frequency
    from stores
)

select * from final
