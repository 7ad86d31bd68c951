with lives as (
    select * from {{ ref('int_store_lives') }}
),

events as (
    select * from {{ ref('stg_sfa__store_attributes') }}
    where cast(recorded_at as date) <= {{ as_of_date() }}
),

bands as (
    select * from {{ ref('policy_display_bands') }}
),

parameters as (
    select distinct
        position,
        attribute
    from bands
),

-- what was recorded before the life is known from its first period on
known as (
    select
        events.store_id,
        events.attribute,
        events.value,
        events.recorded_at,
        greatest({{ period_index('cast(events.recorded_at as date)') }}, lives.first_period_index) as period_index
    from events
    inner join lives on events.store_id = lives.store_id
),

ranked as (
    select
        *,
        row_number() over (partition by store_id, attribute, period_index order by recorded_at desc) as recency
    from known
),

latest as (
    select
        ranked.store_id,
        parameters.position,
        ranked.attribute,
        ranked.period_index,
        ranked.value,
        {{ parse_number('ranked.value', 'numeric(18,6)') }} as number_value
    from ranked
    inner join parameters on ranked.attribute = parameters.attribute
    where ranked.recency = 1
),

matched as (
    select
        latest.store_id,
        latest.position,
        latest.period_index,
        latest.value,
        bands.band,
        row_number() over (
            partition by latest.store_id, latest.position, latest.period_index
            order by
                case when bands.equals is not null then 0 else 1 end,
                bands.lower_bound desc nulls last,
                {{ bytewise('bands.band') }} nulls last
        ) as preference
    from latest
    left join bands
        on
            latest.position = bands.position
            and latest.attribute = bands.attribute
            and (latest.value = bands.equals or latest.number_value >= bands.lower_bound)
),

final as (
    select
        store_id,
        position,
        period_index as first_period_index,
        lead(period_index) over (partition by store_id, position order by period_index) - 1 as last_period_index,
        coalesce(band, 'UNKNOWN') as band,
        value is not null as is_known
    from matched
    where preference = 1
)

select * from final
