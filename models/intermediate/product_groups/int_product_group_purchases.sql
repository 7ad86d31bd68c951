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

purchases as (
    select distinct
        nodes.product_group_id,
        store_products.store_id,
        store_products.period_index
    from store_products
    inner join nodes on store_products.product_id = nodes.product_id
    -- what was bought before history (var history_starts_on) is outside every window
    inner join periods on store_products.period_index = periods.period_index
),

-- a purchase counts until the trailing quarter has left it behind or the next purchase takes its place
final as (
    select
        product_group_id,
        store_id,
        period_index as first_period_index,
        least(
            period_index + {{ window_length('quarter') }},
            lead(period_index) over (partition by product_group_id, store_id order by period_index)
        ) - 1 as last_period_index
    from purchases
)

select * from final
