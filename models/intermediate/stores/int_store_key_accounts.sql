{{ config(materialized='view') }}
with stores as (
    select * from {{ ref('int_stores') }}
),

paths as (
    select
        store_id,
        {{ clean_path('store_group_path') }} as store_group_path
    from stores
),

final as (
    select
        store_id,
        -- a shorter path is its own node, a store without a path stands alone
        coalesce({{ path_prefix('store_group_path', var('key_account_level', 1)) }}, store_id) as node_id,
        store_group_path is not null as is_group
    from paths
)

select * from final
