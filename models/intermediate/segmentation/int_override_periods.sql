-- Several manual segments may overlap: the one that began last speaks, then the one loaded last.
with overrides as (
    select * from {{ ref('stg_crm__manual_segments') }}
),

periods as (
    select * from {{ ref('int_periods') }} where is_closed
),

ranked as (
    select
        overrides.entity_type,
        overrides.entity_id,
        overrides.scheme,
        periods.period_index,
        overrides.segment,
        row_number() over (
            partition by overrides.entity_type, overrides.entity_id, overrides.scheme, periods.period_index
            order by overrides.valid_from desc, overrides.loaded_at desc nulls last, {{ bytewise('overrides.segment') }}
        ) as override_rank
    from overrides
    inner join periods
        on
            overrides.valid_from <= periods.period_end_date
            and (overrides.valid_to is null or overrides.valid_to > periods.period_end_date)
),

final as (
    select
        entity_type,
        entity_id,
        scheme,
        period_index,
        segment as override_segment
    from ranked
    where override_rank = 1
)

select * from final
