{{ config(materialized='periodic') }}
with spine as (
    select * from {{ ref('int_rep_periods') }}
    where period_index >= {{ from_period() }}
),

clients as (
    select * from {{ ref('int_rep_clients') }}
    where period_index >= {{ from_period() }}
),

portfolios as (
    select
        rep_id,
        period_index,
        count(*) as clients,
        count(case when is_top then 1 end) as top_clients
    from clients
    group by rep_id, period_index
),

final as (
    select
        spine.rep_id,
        spine.period_index,
        coalesce(portfolios.clients, 0) as clients,
        coalesce(portfolios.top_clients, 0) as top_clients,
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
