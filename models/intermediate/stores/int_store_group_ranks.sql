{{ config(materialized='view') }}
with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

profiles as (
    select * from {{ ref('int_store_profiles') }}
),

store_values as (
    select
        windows.store_id,
        windows.period_index,
        windows.order_value_year,
        profiles.key_account
    from windows
    inner join profiles on windows.store_id = profiles.store_id
),

-- a store without a path stands alone
nodes as (
    select
        period_index,
        store_id as node_id,
        order_value_year as node_value_year,
        false as is_group
    from store_values
    where key_account is null
    union all
    select
        period_index,
        key_account as node_id,
        cast(sum(order_value_year) as numeric(38, 4)) as node_value_year,
        true as is_group
    from store_values
    where key_account is not null
    group by
        period_index,
        key_account
),

ranked as (
    select
        *,
        {{ ranking_columns('node_value_year', 'node_id', 'period_index') }}
    from nodes
),

rated as (
    select
        period_index,
        node_id,
        is_group,
        cast(case
            when node_value_year > 0 then {{ exact_ratio('value_above', 'value_total') }}
            else 1
        end as numeric(18, 6)) as group_revenue_share_above_year
    from ranked
),

final as (
    select
        node_id as store_id,
        period_index,
        group_revenue_share_above_year
    from rated
    where not is_group
    union all
    select
        store_values.store_id,
        store_values.period_index,
        rated.group_revenue_share_above_year
    from store_values
    inner join rated
        on
            store_values.period_index = rated.period_index
            and store_values.key_account = rated.node_id
    where rated.is_group
)

select * from final
