{{ config(materialized='periodic') }}
with lines as (
    select * from {{ ref('int_document_lines') }}
    where period_index >= {{ from_period(back=window_length('quarter') - 1) }}
),

spine as (
    select * from {{ ref('int_product_group_periods') }}
    where period_index >= {{ from_period() }}
),

store_windows as (
    select * from {{ ref('int_store_order_windows') }}
    where period_index >= {{ from_period() }}
),

nodes as (
    select * from {{ ref('int_product_group_nodes') }}
),

-- numbers for keys, as every purchase is sorted at every level of the hierarchy
product_groups as (
    select
        product_group_id,
        cast(row_number() over (order by {{ bytewise('product_group_id') }}) as integer) as product_group_number
    from {{ ref('int_product_group_lives') }}
),

stores as (
    select
        store_id,
        cast(row_number() over (order by {{ bytewise('store_id') }}) as integer) as store_number
    from {{ ref('int_store_lives') }}
),

-- periods as bits of a number, so that what a store bought of a product group is one row for 60 periods
places as (
    select
        period_index,
        period_index - min(period_index) over () as place
    from {{ ref('int_periods') }}
),

periods as (
    select
        period_index,
        cast(floor(place / 60.0) as integer) as block,
        cast(power(2, place - 60 * floor(place / 60.0)) as bigint) as bit
    from places
),

-- the periods in whose trailing quarter a purchase lies; what was bought before history is outside every window
counting as (
    select
        purchases.period_index as purchase_period_index,
        counted.block,
        cast(sum(counted.bit) as bigint) as bits
    from periods as purchases
    inner join periods as counted
        on
            counted.period_index between
            purchases.period_index and purchases.period_index + {{ window_length('quarter') - 1 }}
    group by
        purchases.period_index,
        counted.block
),

numbered_nodes as (
    select
        nodes.product_id,
        product_groups.product_group_number
    from nodes
    inner join product_groups on nodes.product_group_id = product_groups.product_group_id
),

bought as (
    select
        stores.store_number,
        numbered_nodes.product_group_number,
        counting.block,
        bit_or(counting.bits) as bits
    from lines
    inner join counting on lines.period_index = counting.purchase_period_index
    inner join stores on lines.store_id = stores.store_id
    inner join numbered_nodes on coalesce(lines.product_id, '') = numbered_nodes.product_id
    -- free goods of an order are bought, returned ones are not
    where
        lines.is_order
        and coalesce(lines.quantity, lines.net_amount) > 0
    group by
        stores.store_number,
        numbered_nodes.product_group_number,
        counting.block
    -- side by side, the rows of a store find its periods in the processor's cache
    order by stores.store_number
),

-- stores alive with any order in the trailing quarter
ordering_stores as (
    select
        stores.store_number,
        store_windows.period_index,
        periods.block,
        periods.bit,
        greatest(store_windows.order_value_year, 0) as weight
    from store_windows
    inner join stores on store_windows.store_id = stores.store_id
    inner join periods on store_windows.period_index = periods.period_index
    where store_windows.orders_quarter > 0
),

totals as (
    select
        period_index,
        count(*) as stores,
        cast(sum(weight) as numeric(38, 4)) as weight
    from ordering_stores
    group by period_index
),

bought_totals as (
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
    group by
        bought.product_group_number,
        ordering_stores.period_index
),

final as (
    select
        spine.product_group_id,
        spine.period_index,
        {{ exact_ratio('coalesce(bought_totals.stores, 0)', 'totals.stores') }} as numeric_distribution,
        {{ exact_ratio('coalesce(bought_totals.weight, 0)', 'totals.weight') }} as weighted_distribution
    from spine
    inner join product_groups on spine.product_group_id = product_groups.product_group_id
    left join totals on spine.period_index = totals.period_index
    left join bought_totals
        on
            product_groups.product_group_number = bought_totals.product_group_number
            and spine.period_index = bought_totals.period_index
)

select * from final
