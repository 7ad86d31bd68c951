with lives as (
    select * from {{ ref('int_product_group_lives') }}
),

final as (
    select
        product_group_id,
        cast(row_number() over (order by {{ bytewise('product_group_id') }}) as integer) as product_group_number
    from lives
)

select * from final
