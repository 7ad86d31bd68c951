{{ config(materialized='periodic') }}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period() }}
),

members as (
    select * from {{ ref('int_store_schemes') }}
    where scheme = 'display'
),

store_bands as (
    select * from {{ ref('int_store_display_bands') }}
),

positions as (
    select distinct position
    from {{ ref('policy_display_bands') }}
),

-- a store to which the scheme does not apply has no display profile
applicable as (
    select
        spine.store_id,
        spine.period_index
    from spine
    inner join members on spine.store_id = members.store_id
),

-- a profile holds until one of its bands changes
changes as (
    select distinct
        store_id,
        first_period_index
    from store_bands
),

banded as (
    select
        changes.store_id,
        changes.first_period_index,
        positions.position,
        coalesce(store_bands.band, 'UNKNOWN') as band,
        coalesce(store_bands.is_known, false) as is_known
    from changes
    cross join positions
    left join store_bands
        on
            changes.store_id = store_bands.store_id
            and positions.position = store_bands.position
            and changes.first_period_index >= store_bands.first_period_index
            and (store_bands.last_period_index is null or changes.first_period_index <= store_bands.last_period_index)
),

profiles as (
    select
        store_id,
        first_period_index,
        lead(first_period_index) over (partition by store_id order by first_period_index) - 1 as last_period_index,
        case
            -- nothing known of any parameter is plain UNKNOWN
            when max(case when is_known then 1 else 0 end) = 1
                then {{ dbt.listagg('band', "'-'", 'order by position') }}
        end as segment
    from banded
    group by store_id, first_period_index
),

final as (
    select
        applicable.store_id,
        applicable.period_index,
        coalesce(profiles.segment, 'UNKNOWN') as segment
    from applicable
    left join profiles
        on
            applicable.store_id = profiles.store_id
            and applicable.period_index >= profiles.first_period_index
            and (profiles.last_period_index is null or applicable.period_index <= profiles.last_period_index)
)

select * from final
