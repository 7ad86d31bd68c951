{{ config(materialized='periodic', periods='last') }}
{%- set schemes = var('profile_schemes', ['value', 'potential', 'service']) | join(' / ') -%}
{%- set look_back = window_length('year') - 1 -%}
with profiles as (
    select * from {{ ref('int_store_profiles_current') }}
),

channels as (
    select * from {{ ref('fct_store_profile_channels') }}
),

seasons as (
    select
        profiles.profile,
        extract(quarter from {{ period_start_date('sales.period_index') }}) as calendar_quarter,
        cast(sum(sales.net_value) as numeric(38, 4)) as net_value
    from profiles
    inner join {{ ref('int_store_sales') }} as sales
        on
            profiles.store_id = sales.store_id
            and sales.period_index between profiles.period_index - {{ look_back }} and profiles.period_index
            and profiles.first_period_index <= sales.period_index
    group by
        profiles.profile,
        extract(quarter from {{ period_start_date('sales.period_index') }})
),

season_sums as (
    select
        profile,
        {%- for quarter in range(1, 5) %}
        cast(sum(case when calendar_quarter = {{ quarter }} then net_value else 0 end) as numeric(38, 4))
            as value_q{{ quarter }},
        {%- endfor %}
        cast(sum(net_value) as numeric(38, 4)) as value_year
    from seasons
    group by profile
),

channel_sums as (
    select
        profile,
        {%- for channel in order_channels() %}
        cast(sum(case when order_channel = '{{ channel }}' then orders else 0 end) as bigint) as orders_{{ channel }},
        {%- endfor %}
        cast(sum(orders) as bigint) as orders
    from channels
    group by profile
),

summed as (
    select
        profile,
        max(period_index) as period_index,
        cast(count(*) as integer) as stores,
        cast(sum(revenue_year) as numeric(38, 6)) as revenue_year,
        cast(sum(orders_year) as numeric(38, 6)) as orders_year,
        cast(sum(gross_margin_year) as numeric(38, 6)) as gross_margin_year,
        cast(sum(cost_to_serve_year) as numeric(38, 6)) as cost_to_serve_year,
        cast(sum(net_contribution_year) as numeric(38, 6)) as net_contribution_year,
        cast(sum(sum(revenue_year)) over () as numeric(38, 6)) as revenue_of_all
    from profiles
    group by profile
),

final as (
    select
        summed.profile,
        cast('{{ schemes }}' as {{ dbt.type_string() }}) as schemes,
        summed.period_index,
        summed.stores,
        summed.revenue_year,
        summed.gross_margin_year,
        summed.cost_to_serve_year,
        summed.net_contribution_year,
        {{ exact_ratio('summed.cost_to_serve_year', 'summed.revenue_year') }} as cost_of_sales_share,
        {{ exact_ratio('summed.orders_year', 'summed.stores') }} as orders_per_store,
        {{ exact_ratio('summed.revenue_year', 'summed.orders_year') }} as order_value_avg,
        {%- for channel in order_channels() %}
        {{ exact_ratio('channel_sums.orders_' ~ channel, 'channel_sums.orders') }} as share_orders_{{ channel }},
        {%- endfor %}
        {%- for quarter in range(1, 5) %}
        {{ exact_ratio('season_sums.value_q' ~ quarter, 'season_sums.value_year') }} as revenue_share_q{{ quarter }},
        {%- endfor %}
        {{ exact_ratio('summed.revenue_year', 'summed.revenue_of_all') }} as revenue_share
    from summed
    left join channel_sums on summed.profile = channel_sums.profile
    left join season_sums on summed.profile = season_sums.profile
)

select * from final
