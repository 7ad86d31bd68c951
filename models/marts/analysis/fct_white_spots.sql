{{ config(materialized='periodic', periods='last') }}
{%- set look_back = window_length('year') - 1 -%}
-- customers that bought anything in the trailing year
with customers as (
    select
        windows.store_id,
        windows.period_index,
        comparable.comparable_group
    from {{ ref('int_store_order_windows') }} as windows
    inner join {{ ref('int_store_comparables') }} as comparable
        on windows.store_id = comparable.store_id and windows.period_index = comparable.period_index
    where
        windows.period_index = {{ last_closed_period() }}
        and windows.orders_year > 0
),

purchases as (
    select
        customers.store_id,
        customers.comparable_group,
        sales.category,
        cast(sum(sales.net_value) as numeric(38, 4)) as net_value
    from customers
    inner join {{ ref('int_store_category_sales') }} as sales
        on
            customers.store_id = sales.store_id
            and sales.period_index between customers.period_index - {{ look_back }} and customers.period_index
    inner join {{ ref('int_store_lives') }} as lives on sales.store_id = lives.store_id
    where
        sales.category <> 'unknown'
        and sales.period_index >= lives.first_period_index
    group by
        customers.store_id,
        customers.comparable_group,
        sales.category
    having sum(sales.net_value) > 0
),

group_sizes as (
    select
        comparable_group,
        count(*) as stores
    from customers
    group by comparable_group
),

group_categories as (
    select
        purchases.comparable_group,
        purchases.category,
        group_sizes.stores,
        count(*) as buying_stores,
        cast(sum(purchases.net_value) as numeric(38, 4)) as net_value
    from purchases
    inner join group_sizes on purchases.comparable_group = group_sizes.comparable_group
    group by
        purchases.comparable_group,
        purchases.category,
        group_sizes.stores
),

spots as (
    select
        customers.store_id,
        group_categories.category,
        customers.period_index,
        customers.comparable_group,
        cast(group_categories.stores as integer) as comparable_stores,
        {{ exact_ratio('group_categories.buying_stores', 'group_categories.stores') }} as buying_share,
        {{ exact_ratio('group_categories.net_value', 'group_categories.buying_stores') }} as value_avg_year
    from customers
    inner join group_categories on customers.comparable_group = group_categories.comparable_group
    left join purchases
        on
            customers.store_id = purchases.store_id
            and group_categories.category = purchases.category
    where purchases.store_id is null
),

final as (
    select
        *,
        cast(row_number() over (
            partition by store_id order by value_avg_year desc, {{ bytewise('category') }}
        ) as integer) as priority
    from spots
    where buying_share >= {{ var('white_spot_min_buying_share', 0.3) }}
)

select * from final
