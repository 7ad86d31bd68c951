{{ config(materialized='view') }}
with store_products as (
    select * from {{ ref('int_store_product_sales') }}
    where has_bought
),

nodes as (
    select * from {{ ref('int_product_group_nodes') }}
),

periods as (
    select * from {{ ref('int_periods') }}
),

product_groups as (
    select * from {{ ref('int_product_group_numbers') }}
),

stores as (
    select * from {{ ref('int_store_numbers') }}
),

numbered_nodes as (
    select
        nodes.product_id,
        product_groups.product_group_number
    from nodes
    inner join product_groups on nodes.product_group_id = product_groups.product_group_id
),

-- numbers for keys: every purchase is sorted at every level of the hierarchy
purchases as (
    select distinct
        numbered_nodes.product_group_number,
        stores.store_number,
        store_products.period_index
    from store_products
    inner join numbered_nodes on store_products.product_id = numbered_nodes.product_id
    inner join stores on store_products.store_id = stores.store_id
    -- what was bought before history (var history_starts_on) is outside every window
    inner join periods on store_products.period_index = periods.period_index
),

-- a purchase counts until the trailing quarter has left it behind or the next purchase takes its place
final as (
    select
        product_group_number,
        store_number,
        period_index as first_period_index,
        least(
            period_index + {{ window_length('quarter') }},
            lead(period_index) over (partition by product_group_number, store_number order by period_index)
        ) - 1 as last_period_index
    from purchases
)

select * from final
