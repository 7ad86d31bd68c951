-- What serving a store costs, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('cost_rates') }}
),

final as (
    select
        activity,
        channel,
        unit_cost,
        valid_from,
        valid_to
    from lines
)

select * from final
