{{ config(materialized='periodic') }}
{%- set look_back = window_length('quarter') - 1 -%}
with lines as (
    select
        store_id,
        coalesce(product_id, '') as product_id,
        period_index
    from {{ ref('int_document_lines') }}
    -- free goods of an order are bought, returned ones are not
    where
        period_index >= {{ from_period(back=look_back) }}
        and is_order
        and coalesce(quantity, net_amount) > 0
),

blocks as (select * from {{ ref('int_period_blocks') }}),

-- numbers for keys, as every purchase is sorted at every level of the hierarchy
nodes as (
    select
        product_id,
        product_group_id,
        cast(dense_rank() over (order by {{ bytewise('product_group_id') }}) as integer) as product_group_number
    from {{ ref('int_product_group_nodes') }}
),

product_groups as (
    select distinct
        product_group_number,
        product_group_id
    from nodes
),

-- the periods in whose trailing quarter a purchase lies; what was bought before history is outside every window
counting as (
    select
        purchases.period_index,
        blocks.block,
        cast(sum(blocks.bit) as bigint) as bits
    from blocks as purchases
    inner join blocks
        on blocks.period_index between purchases.period_index and purchases.period_index + {{ look_back }}
    group by purchases.period_index, blocks.block
),

bought as (
    select
        lines.store_id,
        nodes.product_group_number,
        counting.block,
        bit_or(counting.bits) as bits
    from lines
    inner join counting on lines.period_index = counting.period_index
    inner join nodes on lines.product_id = nodes.product_id
    group by lines.store_id, nodes.product_group_number, counting.block
    -- sorted, here and below: the rows of a store find its periods in the processor's cache
    order by lines.store_id
),

ordering_stores as (
    select
        windows.store_id,
        windows.period_index,
        blocks.block,
        blocks.bit,
        greatest(windows.order_value_year, 0) as weight
    from {{ ref('int_store_order_windows') }} as windows
    inner join blocks on windows.period_index = blocks.period_index
    where
        windows.orders_quarter > 0
        and windows.period_index >= {{ from_period() }}
    order by windows.store_id
),

buyers as (
    select
        bought.product_group_number,
        ordering_stores.period_index,
        count(*) as stores,
        cast(sum(ordering_stores.weight) as numeric(38, 4)) as weight
    from bought
    inner join ordering_stores
        on
            bought.store_id = ordering_stores.store_id
            and bought.block = ordering_stores.block
            and (bought.bits & ordering_stores.bit) <> 0
    group by bought.product_group_number, ordering_stores.period_index
),

final as (
    select
        product_groups.product_group_id,
        buyers.period_index,
        buyers.stores,
        buyers.weight
    from buyers
    inner join product_groups on buyers.product_group_number = product_groups.product_group_number
)

select * from final
