with lives as (
    select * from {{ ref('int_store_lives') }}
),

final as (
    select
        store_id,
        cast(row_number() over (order by {{ bytewise('store_id') }}) as integer) as store_number
    from lives
)

select * from final
