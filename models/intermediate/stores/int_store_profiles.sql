with lives as (
    select * from {{ ref('int_store_lives') }}
),

stores as (
    select
        store_id,
        channel,
        customer_since,
        {{ clean_path('store_group_path') }} as store_group_path
    from {{ ref('int_stores') }}
),

final as (
    select
        lives.store_id,
        lives.first_period_index,
        lives.last_period_index,
        stores.channel,
        {{ period_index('stores.customer_since') }} as customer_since_period_index,
        -- a shorter path is its own node
        {{ path_prefix('stores.store_group_path', var('key_account_level', 1)) }} as key_account
    from lives
    inner join stores on lives.store_id = stores.store_id
)

select * from final
