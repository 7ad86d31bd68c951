{{ config(materialized='view') }}
with stores as (
    select * from {{ ref('int_stores') }}
),

sales as (
    select * from {{ ref('int_store_sales') }}
),

lives as (
    select * from {{ ref('int_store_lives') }}
),

history as (
    select min(period_index) as first_period_index
    from {{ ref('int_periods') }}
),

orders as (
    select
        lives.store_id,
        min(sales.period_index) as first_order_period_index,
        -- only var history_starts_on leaves orders before a life
        max(case when sales.period_index < lives.first_period_index then sales.period_index end)
            as order_before_life_period_index
    from lives
    inner join sales on lives.store_id = sales.store_id
    where sales.orders > 0
    group by lives.store_id
),

known as (
    select
        lives.store_id,
        {{ period_index('stores.customer_since') }} as customer_since_period_index,
        orders.first_order_period_index,
        orders.order_before_life_period_index
    from lives
    inner join stores on lives.store_id = stores.store_id
    left join orders on lives.store_id = orders.store_id
),

final as (
    select
        known.store_id,
        known.order_before_life_period_index,
        least(known.customer_since_period_index, known.first_order_period_index) as has_ordered_since_period_index,
        -- a first order in the first quarter of history may be anybody's: nobody knows whether it is new
        known.customer_since_period_index is not null
        or known.first_order_period_index >= history.first_period_index + {{ window_length('quarter') }}
            as is_first_order_known,
        greatest(known.customer_since_period_index, history.first_period_index) as customer_period_index
    from known
    cross join history
)

select * from final
