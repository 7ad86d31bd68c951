-- What scores are made of, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('score_weights') }}
),

final as (
    select
        entity_type,
        score,
        metric,
        weight,
        floor,
        ceiling,
        direction,
        missing
    from lines
)

select * from final
