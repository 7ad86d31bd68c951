{{ config(materialized='periodic') }}
with windows as (
    select * from {{ ref('int_store_order_windows') }}
    where orders_quarter > 0 and period_index >= {{ from_period() }}
),

-- numbers for keys, here and below: every purchase is grouped at every level of the hierarchy, in half the memory
store_numbers as (
    select
        store_id,
        cast(row_number() over (order by store_id) as integer) as store_number
    from windows
    group by store_id
),

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

-- by product first: it leaves half the rows to every level
bought_products as (
    select
        store_numbers.store_number,
        coalesce(lines.product_id, '') as product_id,
        counting.block,
        bit_or(counting.bits) as bits
    from {{ ref('int_document_lines') }} as lines
    inner join store_numbers on lines.store_id = store_numbers.store_id
    inner join {{ ref('int_quarter_blocks') }} as counting on lines.period_index = counting.period_index
    -- free goods of an order are bought, returned ones are not
    where
        lines.period_index >= {{ from_period(back=window_length('quarter') - 1) }}
        and lines.is_order
        and coalesce(lines.quantity, lines.net_amount) > 0
    group by store_numbers.store_number, coalesce(lines.product_id, ''), counting.block
),

bought as (
    select
        products.store_number,
        nodes.product_group_number,
        products.block,
        bit_or(products.bits) as bits
    from bought_products as products
    inner join nodes on products.product_id = nodes.product_id
    group by products.store_number, nodes.product_group_number, products.block
    -- sorted, here and below: the rows of a store find its periods in the processor's cache
    order by products.store_number
),

ordering_stores as (
    select
        store_numbers.store_number,
        windows.period_index,
        blocks.block,
        blocks.bit,
        greatest(windows.order_value_year, 0) as weight
    from windows
    inner join store_numbers on windows.store_id = store_numbers.store_id
    inner join {{ ref('int_period_blocks') }} as blocks on windows.period_index = blocks.period_index
    order by store_numbers.store_number
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
            bought.store_number = ordering_stores.store_number
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
