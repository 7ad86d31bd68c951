{{ config(materialized='view') }}
with stores as (
    select
        store_id,
        channel
    from {{ ref('int_stores') }}
),

spine as (
    select * from {{ ref('int_store_periods') }}
),

displays as (
    select
        store_id,
        period_index,
        segment
    from {{ ref('fct_store_segment_history') }}
    where scheme = 'display' and segment <> 'UNKNOWN'
),

final as (
    select
        spine.store_id,
        spine.period_index,
        coalesce('display:' || displays.segment, 'channel:' || stores.channel, 'channel:unknown') as comparable_group
    from spine
    inner join stores on spine.store_id = stores.store_id
    left join displays on spine.store_id = displays.store_id and spine.period_index = displays.period_index
)

select * from final
