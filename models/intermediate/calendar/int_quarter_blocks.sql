with blocks as (select * from {{ ref('int_period_blocks') }}),

final as (
    select
        purchases.period_index,
        blocks.block,
        cast(sum(blocks.bit) as bigint) as bits
    from blocks as purchases
    inner join blocks
        on
            purchases.period_index <= blocks.period_index
            and purchases.period_index + {{ window_length('quarter') }} > blocks.period_index
    group by purchases.period_index, blocks.block
)

select * from final
