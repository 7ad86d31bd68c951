{{ config(materialized='periodic') }}
{#- What a table that the company does not have would feed is unobserved, not 0. -#}
{%- set none_assigned = 'null' if inputs_are_missing(['sfa_store_assignments']) else '0' -%}
with spine as (
    select * from {{ ref('int_rep_periods') }}
    where period_index >= {{ from_period() }}
),

clients as (
    select * from {{ ref('int_rep_clients') }}
    where period_index >= {{ from_period() }}
),

revenues as (
    select
        store_id,
        period_index,
        order_value_year
    from {{ ref('int_store_order_windows') }}
    where period_index >= {{ from_period() }}
),

portfolios as (
    select
        clients.rep_id,
        clients.period_index,
        count(*) as clients,
        count(case when clients.is_top then 1 end) as top_clients,
        cast(sum(revenues.order_value_year) as numeric(38, 4)) as client_revenue_year
    from clients
    inner join revenues on clients.store_id = revenues.store_id and clients.period_index = revenues.period_index
    group by clients.rep_id, clients.period_index
),

final as (
    select
        spine.rep_id,
        spine.period_index,
        cast(coalesce(portfolios.clients, {{ none_assigned }}) as bigint) as clients,
        cast(coalesce(portfolios.top_clients, {{ none_assigned }}) as bigint) as top_clients,
        cast(coalesce(portfolios.client_revenue_year, {{ none_assigned }}) as numeric(38, 4)) as client_revenue_year,
        -- a handful of clients says nothing about a rep
        cast(case
            when portfolios.clients >= {{ var('min_portfolio_size', 5) }}
                then {{ exact_ratio('portfolios.top_clients', 'portfolios.clients') }}
        end as numeric(18, 6)) as top_client_ratio
    from spine
    left join portfolios
        on
            spine.rep_id = portfolios.rep_id
            and spine.period_index = portfolios.period_index
)

select * from final
