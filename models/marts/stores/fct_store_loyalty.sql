{{ config(materialized='periodic') }}
with loyalty as (
    select * from {{ ref('int_store_loyalty') }}
    where period_index >= {{ from_period(back=1) }}
),

periods as (
    select * from {{ ref('int_periods') }}
),

statements as (
    select
        store_id,
        period_index,
        cast(
            coalesce(lag(loyalty_points) over (partition by store_id order by period_index), 0) as numeric(18, 6)
        ) as opening_points,
        automatic_points_period as automatic_points,
        manual_points_period as manual_points,
        loyalty_points as closing_points
    from loyalty
),

final as (
    select
        statements.store_id,
        statements.period_index,
        periods.period_start_date,
        statements.opening_points,
        statements.automatic_points,
        statements.manual_points,
        -- decayed, older than a year, or kept from falling below 0
        cast(
            statements.closing_points - statements.opening_points - statements.automatic_points
            - statements.manual_points as numeric(18, 6)
        ) as lapsed_points,
        statements.closing_points
    from statements
    inner join periods on statements.period_index = periods.period_index
    -- a store without points has no statement
    where
        statements.opening_points <> 0
        or statements.closing_points <> 0
        or statements.automatic_points <> 0
        or statements.manual_points <> 0
)

select * from final
