{{ config(materialized='periodic', periods='last') }}
{#- Contacts by the order channel that they serve: visits take the rep's orders, a chat helps on the portal. -#}
{%- set contact_costs = {
    'phone': 'contact_cost_phone', 'email': 'contact_cost_email', 'portal': 'contact_cost_chat'
} -%}
{%- set year = window_length('year') - 1 -%}
with profiles as (
    select * from {{ ref('int_store_profiles_current') }}
),

sales as (
    select
        profiles.profile,
        sales.order_channel,
        max(profiles.period_index) as period_index,
        cast(count(distinct case when sales.orders > 0 then profiles.store_id end) as integer) as ordering_stores,
        cast(sum(sales.orders) as bigint) as orders,
        cast(sum(sales.net_value) as numeric(38, 4)) as revenue
    from profiles
    inner join {{ ref('int_store_channel_sales') }} as sales
        on
            profiles.store_id = sales.store_id
            and sales.period_index between profiles.period_index - {{ year }} and profiles.period_index
            and profiles.first_period_index <= sales.period_index
    group by
        profiles.profile,
        sales.order_channel
),

costs as (
    select
        profiles.profile,
        max(profiles.period_index) as period_index,
        {%- for column in contact_costs.values() %}
        cast(sum(service.{{ column }}) as numeric(38, 6)) as {{ column }},
        {%- endfor %}
        cast(sum(service.visit_cost_by_seconds) as numeric(38, 6)) as visit_cost_by_seconds
    from profiles
    inner join {{ ref('int_store_service_costs') }} as service
        on
            profiles.store_id = service.store_id
            and service.period_index between profiles.period_index - {{ year }} and profiles.period_index
            and profiles.first_period_index <= service.period_index
    group by profiles.profile
),

channel_costs as (
    select
        profile,
        period_index,
        'rep' as order_channel,
        {{ exact_ratio('visit_cost_by_seconds', '60') }} as cost
    from costs
    {%- for channel, column in contact_costs.items() %}
    union all
    select
        profile,
        period_index,
        '{{ channel }}' as order_channel,
        cast({{ column }} as numeric(38, 6)) as cost
    from costs
    {%- endfor %}
),

final as (
    select
        coalesce(sales.profile, channel_costs.profile) as profile,
        coalesce(sales.order_channel, channel_costs.order_channel) as order_channel,
        coalesce(sales.period_index, channel_costs.period_index) as period_index,
        coalesce(sales.ordering_stores, 0) as ordering_stores,
        coalesce(sales.orders, 0) as orders,
        cast(coalesce(sales.revenue, 0) as numeric(38, 6)) as revenue_year,
        cast(coalesce(channel_costs.cost, 0) as numeric(38, 6)) as cost_of_sales_year,
        {{ exact_ratio('coalesce(channel_costs.cost, 0)', 'sales.revenue') }} as cost_of_sales_share,
        {{ exact_ratio('coalesce(channel_costs.cost, 0)', 'sales.orders') }} as cost_an_order
    from sales
    full outer join channel_costs
        on
            sales.profile = channel_costs.profile
            and sales.order_channel = channel_costs.order_channel
)

select * from final
