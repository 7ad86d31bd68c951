with spine as (
    select * from {{ ref('int_store_periods') }}
),

schemes as (
    select * from {{ ref('policy_schemes') }}
    where
        entity_type = 'store'
        and scheme = 'display'
),

attributes as (
    select * from {{ ref('int_store_attributes') }}
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
    cross join schemes
    left join attributes
        on
            spine.store_id = attributes.store_id
            and schemes.applies_to_attribute = attributes.attribute
            and schemes.applies_to_value = attributes.value
    where schemes.applies_to_attribute is null or attributes.store_id is not null
),

-- only stores of which something was ever recorded need the bands of every position
recorded_stores as (
    select distinct store_id
    from store_bands
),

banded as (
    select
        applicable.store_id,
        applicable.period_index,
        positions.position,
        coalesce(store_bands.band, 'UNKNOWN') as band,
        coalesce(store_bands.is_known, false) as is_known
    from applicable
    inner join recorded_stores on applicable.store_id = recorded_stores.store_id
    cross join positions
    left join store_bands
        on
            applicable.store_id = store_bands.store_id
            and positions.position = store_bands.position
            and applicable.period_index >= store_bands.first_period_index
            and (store_bands.last_period_index is null or applicable.period_index <= store_bands.last_period_index)
),

profiles as (
    select
        store_id,
        period_index,
        {{ dbt.listagg('band', "'-'", 'order by position') }} as segment
    from banded
    group by store_id, period_index
    -- nothing known of any parameter is plain UNKNOWN
    having max(case when is_known then 1 else 0 end) = 1
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
            and applicable.period_index = profiles.period_index
)

select * from final
