-- The segments of every scheme, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('segments') }}
),

final as (
    select
        entity_type,
        scheme,
        segment,
        precedence,
        level,
        is_default,
        label,
        description
    from lines
)

select * from final
