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

product_groups as (
    select
        product_group_id,
        cast(row_number() over (order by {{ bytewise('product_group_id') }}) as integer) as product_group_number
    from {{ ref('int_product_group_lives') }}
),

-- periods as bits of a number of 32, so that a store's purchases of a product group are one row for 32 periods
periods as (
    select
        period_index,
        cast(floor(period_index / 32.0) as integer) as block,
        cast(power(2, period_index - 32 * floor(period_index / 32.0)) as bigint) as bit
    from {{ ref('int_periods') }}
),

-- the periods in whose trailing quarter a purchase lies; what was bought before history is outside every window
counting as (
    select
        purchases.period_index as purchase_period_index,
        counting.block,
        cast(sum(counting.bit) as bigint) as bits
    from periods as purchases
    inner join periods as counting
        on counting.period_index
            between purchases.period_index and purchases.period_index + {{ window_length('quarter') - 1 }}
    group by
        purchases.period_index,
        counting.block
),

store_products as (
    select
        lines.store_id,
        coalesce(lines.product_id, '') as product_id,
        counting.block,
        bit_or(counting.bits) as bits
    from lines
    inner join counting on lines.period_index = counting.purchase_period_index
    -- free goods of an order are bought, returned ones are not
    where
        lines.is_order
        and coalesce(lines.quantity, lines.net_amount) > 0
    group by
        lines.store_id,
        coalesce(lines.product_id, ''),
        counting.block
),

store_groups as (
    select
        store_products.store_id,
        product_groups.product_group_number,
        store_products.block,
        bit_or(store_products.bits) as bits
    from store_products
    inner join nodes on store_products.product_id = nodes.product_id
    inner join product_groups on nodes.product_group_id = product_groups.product_group_id
    group by
        store_products.store_id,
        product_groups.product_group_number,
        store_products.block
),

-- stores alive with any order in the trailing quarter
ordering_stores as (
    select
        store_windows.store_id,
        store_windows.period_index,
        periods.block,
        periods.bit,
        greatest(store_windows.order_value_year, 0) as weight
    from store_windows
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
        store_groups.product_group_number,
        ordering_stores.period_index,
        count(*) as stores,
        cast(sum(ordering_stores.weight) as numeric(38, 4)) as weight
    from store_groups
    inner join ordering_stores
        on
            store_groups.store_id = ordering_stores.store_id
            and store_groups.block = ordering_stores.block
            and (store_groups.bits & ordering_stores.bit) <> 0
    group by
        store_groups.product_group_number,
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
