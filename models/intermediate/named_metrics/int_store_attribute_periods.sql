{{ config(materialized='periodic', periods='all') }}
with events as (
    select * from {{ ref('base_sfa__store_attributes') }}
    where
        rejection_reason is null
        and cast(recorded_at as date) <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

ranked as (
    select
        *,
        {{ parse_number('value', 'numeric(18,6)') }} as number_value,
        row_number() over (partition by store_id, attribute, period_index order by recorded_at desc) as recency
    from events
),

final as (
    select
        store_id,
        attribute,
        period_index,
        max(cast(recorded_at as date)) as recorded_on,
        max(case when recency = 1 then value end) as value,
        cast(max(case when recency = 1 then number_value end) as numeric(18, 6)) as number_value,
        cast(sum(number_value) as numeric(38, 6)) as sum_of_values,
        cast(count(number_value) as integer) as measurements
    from ranked
    group by
        store_id,
        attribute,
        period_index
)

select * from final
