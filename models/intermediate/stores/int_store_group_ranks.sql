with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

key_accounts as (
    select * from {{ ref('int_store_key_accounts') }}
),

store_nodes as (
    select
        windows.store_id,
        windows.period_index,
        windows.order_value_year,
        key_accounts.node_id,
        key_accounts.is_group
    from windows
    inner join key_accounts on windows.store_id = key_accounts.store_id
),

nodes as (
    select
        period_index,
        node_id,
        is_group,
        cast(sum(order_value_year) as numeric(38, 4)) as node_value_year
    from store_nodes
    group by
        period_index,
        node_id,
        is_group
),

ranked as (
    select
        period_index,
        node_id,
        is_group,
        node_value_year,
        {{ ranking_columns('node_value_year', 'node_id', 'period_index') }}
    from nodes
),

final as (
    select
        store_nodes.store_id,
        store_nodes.period_index,
        cast(case
            when ranked.node_value_year > 0
                then {{ exact_ratio('ranked.value_above', 'ranked.value_total') }}
            else 1
        end as numeric(18, 6)) as group_revenue_share_above_year
    from store_nodes
    inner join ranked
        on
            store_nodes.period_index = ranked.period_index
            and store_nodes.node_id = ranked.node_id
            and store_nodes.is_group = ranked.is_group
)

select * from final
