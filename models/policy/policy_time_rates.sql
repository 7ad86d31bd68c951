-- What visits take and a working day has, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('time_rates') }}
),

final as (
    select
        activity,
        key,
        minutes,
        valid_from,
        valid_to
    from lines
)

select * from final
