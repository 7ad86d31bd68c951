{{ config(materialized='view') }}
with spine as (
    select * from {{ ref('int_store_periods') }}
),

stores as (
    select
        store_id,
        coalesce(region, 'unknown') as region,
        coalesce(channel, 'unknown') as channel,
        is_served
    from {{ ref('int_stores') }}
    where store_id <> 'unknown'
),

metrics as (
    select
        store_id,
        period_index,
        has_ordered,
        orders_year,
        visits_period
    from {{ ref('fct_store_metrics') }}
),

potential as (
    select
        store_id,
        period_index,
        value as potential_score
    from {{ ref('fct_store_scores') }}
    where score = 'potential_score'
),

segments as (
    select
        store_id,
        period_index,
        segment as potential_segment
    from {{ ref('fct_store_segment_history') }}
    where scheme = 'potential'
),

final as (
    select
        spine.store_id,
        spine.period_index,
        spine.period_start_date,
        stores.region,
        stores.channel,
        -- served: said so by the master, else known by an order
        coalesce(stores.is_served, metrics.has_ordered = 1) as is_served,
        metrics.orders_year > 0 as is_ordering,
        cast(coalesce(metrics.visits_period, 0) as integer) as visits,
        potential.potential_score,
        segments.potential_segment
    from spine
    inner join stores on spine.store_id = stores.store_id
    inner join metrics on spine.store_id = metrics.store_id and spine.period_index = metrics.period_index
    left join potential on spine.store_id = potential.store_id and spine.period_index = potential.period_index
    left join segments on spine.store_id = segments.store_id and spine.period_index = segments.period_index
)

select * from final
