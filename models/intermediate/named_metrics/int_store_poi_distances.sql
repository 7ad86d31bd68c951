{#- Cells in degrees, each a divisor of 360 so that they close around the globe: most stores find their nearest point
    in the first ones, and only the rest looks farther. -#}
{%- set sizes = ['0.05', '0.2', '0.8', '3.6', '14.4', '60'] -%}
with points as (
    select distinct
        {{ distance_metric('poi_type') }} as metric,
        cast(latitude as double precision) as latitude,
        cast(longitude as double precision) as longitude
    from {{ ref('stg_market__points_of_interest') }}
    where latitude between -90 and 90 and longitude between -180 and 180
),

metrics as (
    select distinct metric from points
),

open_0 as (
    select
        stores.store_id,
        metrics.metric,
        cast(stores.latitude as double precision) as latitude,
        cast(stores.longitude as double precision) as longitude
    from {{ ref('int_stores') }} as stores
    cross join metrics
    where stores.latitude between -90 and 90 and stores.longitude between -180 and 180
),

-- a cell and its neighbours
steps as (
    select
        cast(north.step as integer) as north,
        cast(east.step as integer) as east
    from generate_series(-1, 1) as north (step)
    cross join generate_series(-1, 1) as east (step)
),
{% for size in sizes %}
{%- set columns = cell_columns(size) %}
near_{{ loop.index0 }} as (
    select
        seekers.store_id,
        seekers.metric,
        min({{ kilometres('seekers.latitude', 'seekers.longitude', 'found.latitude', 'found.longitude') }}) as distance
    from open_{{ loop.index0 }} as seekers
    cross join steps
    inner join points as found
        on
            seekers.metric = found.metric
            and {{ cell_row('seekers.latitude', size) }} + steps.north = {{ cell_row('found.latitude', size) }}
            and mod({{ cell_column('seekers.longitude', size) }} + steps.east + {{ columns }}, {{ columns }})
            = mod({{ cell_column('found.longitude', size) }}, {{ columns }})
    group by
        seekers.store_id,
        seekers.metric,
        seekers.latitude
    -- a point in a farther cell might be nearer
    having
        min({{ kilometres('seekers.latitude', 'seekers.longitude', 'found.latitude', 'found.longitude') }})
        <= max({{ surely_seen_kilometres('seekers.latitude', size) }})
),

open_{{ loop.index }} as (
    select seekers.*
    from open_{{ loop.index0 }} as seekers
    left join near_{{ loop.index0 }} as near
        on seekers.store_id = near.store_id and seekers.metric = near.metric
    where near.store_id is null
),
{% endfor %}
-- the few that are left: half a globe away from anything
near_{{ sizes | length }} as (
    select
        seekers.store_id,
        seekers.metric,
        min({{ kilometres('seekers.latitude', 'seekers.longitude', 'found.latitude', 'found.longitude') }}) as distance
    from open_{{ sizes | length }} as seekers
    inner join points as found on seekers.metric = found.metric
    group by
        seekers.store_id,
        seekers.metric
),

final as (
    {%- for number in range(sizes | length + 1) %}
    select
        store_id,
        metric,
        cast(distance as numeric(18, 3)) as value
    from near_{{ number }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
