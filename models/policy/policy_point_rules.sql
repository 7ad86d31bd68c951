-- What earns loyalty points, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('point_rules') }}
),

final as (
    select
        event,
        points,
        -- null: an event
        cast(case when per <> 'event' then {{ policy_number('per') }} end as numeric(18, 6)) as per_amount,
        cap_per_period,
        decay_per_period
    from lines
)

select * from final
