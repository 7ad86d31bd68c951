{{ config(materialized='periodic', periods='all') }}
with measurements as (
    select * from {{ ref('base_market__external_metrics') }}
    where
        rejection_reason is null
        and measured_on <= {{ as_of_date() }}
        and period_index >= {{ from_period() }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by entity_type, entity_id, metric, period_index order by measured_on desc
        ) as recency
    from measurements
),

final as (
    select
        entity_type,
        entity_id,
        metric,
        period_index,
        max(measured_on) as last_measured_on,
        cast(max(case when recency = 1 then value end) as numeric(18, 6)) as last_value,
        cast(sum(value) as numeric(38, 6)) as sum_of_values,
        cast(count(*) as integer) as measurements
    from ranked
    group by
        entity_type,
        entity_id,
        metric,
        period_index
)

select * from final
