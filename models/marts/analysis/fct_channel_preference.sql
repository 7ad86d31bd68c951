{{ config(materialized='periodic', periods='last') }}
{%- set look_back = window_length('year') - 1 -%}
with customers as (
    select * from {{ ref('int_store_profiles_current') }}
),

services as (
    select
        store_id,
        segment
    from {{ ref('fct_store_segments_current') }}
    where scheme = 'service'
),

sales as (
    select
        customers.store_id,
        customers.period_index,
        coalesce(services.segment, 'UNRATED') as service_segment,
        sales.order_channel,
        cast(sum(sales.orders) as bigint) as orders,
        cast(sum(sales.net_value) as numeric(38, 4)) as revenue
    from customers
    inner join {{ ref('int_store_channel_sales') }} as sales
        on
            customers.store_id = sales.store_id
            and sales.period_index between customers.period_index - {{ look_back }} and customers.period_index
            and customers.first_period_index <= sales.period_index
    left join services on customers.store_id = services.store_id
    group by
        customers.store_id,
        customers.period_index,
        coalesce(services.segment, 'UNRATED'),
        sales.order_channel
),

ranked as (
    select
        *,
        row_number() over (
            partition by store_id order by orders desc, revenue desc, {{ bytewise('order_channel') }}
        ) as preference
    from sales
    where orders > 0
),

summed as (
    select
        service_segment,
        order_channel,
        max(period_index) as period_index,
        cast(count(*) as integer) as customers,
        cast(count(case when preference = 1 then 1 end) as integer) as customers_preferring,
        cast(sum(orders) as bigint) as orders,
        cast(sum(revenue) as numeric(38, 4)) as revenue
    from ranked
    group by
        service_segment,
        order_channel
),

totals as (
    select
        *,
        sum(customers_preferring) over (partition by service_segment) as customers_of_segment,
        sum(revenue) over (partition by service_segment) as revenue_of_segment
    from summed
),

final as (
    select
        service_segment,
        order_channel,
        period_index,
        customers,
        customers_preferring,
        {{ exact_ratio('customers_preferring', 'customers_of_segment') }} as preference_share,
        orders,
        cast(revenue as numeric(38, 6)) as revenue_year,
        {{ exact_ratio('revenue', 'revenue_of_segment') }} as revenue_share
    from totals
)

select * from final
