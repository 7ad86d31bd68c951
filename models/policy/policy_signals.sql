-- What is worth telling, and to whom, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('signals') }}
),

final as (
    select
        entity_type,
        signal,
        severity,
        recipients
    from lines
)

select * from final
