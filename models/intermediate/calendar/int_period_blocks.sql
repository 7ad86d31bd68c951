with periods as (
    select
        period_index,
        period_index - min(period_index) over () as place
    from {{ ref('int_periods') }}
),

final as (
    select
        period_index,
        cast(floor(place / 60.0) as integer) as block,
        cast(power(2, place - 60 * floor(place / 60.0)) as bigint) as bit
    from periods
)

select * from final
