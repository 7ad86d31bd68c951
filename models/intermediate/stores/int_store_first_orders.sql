{{ config(materialized='view') }}
with profiles as (
    select * from {{ ref('int_store_profiles') }}
),

sales as (
    select * from {{ ref('int_store_sales') }}
),

history as (
    select min(period_index) as first_period_index
    from {{ ref('int_periods') }}
),

orders as (
    select
        profiles.store_id,
        min(sales.period_index) as first_order_period_index,
        -- only var history_starts_on leaves orders before a life
        max(case when sales.period_index < profiles.first_period_index then sales.period_index end)
            as order_before_life_period_index
    from profiles
    inner join sales on profiles.store_id = sales.store_id
    where sales.orders > 0
    group by profiles.store_id
),

final as (
    select
        profiles.store_id,
        profiles.first_period_index,
        history.first_period_index as history_first_period_index,
        orders.order_before_life_period_index,
        least(profiles.customer_since_period_index, orders.first_order_period_index) as has_ordered_since_period_index,
        -- a first order in the first quarter of history may be anybody's: nobody knows whether it is new
        profiles.customer_since_period_index is not null
        or orders.first_order_period_index >= history.first_period_index + {{ window_length('quarter') }}
            as is_first_order_known,
        greatest(profiles.customer_since_period_index, history.first_period_index) as customer_period_index
    from profiles
    cross join history
    left join orders on profiles.store_id = orders.store_id
)

select * from final
