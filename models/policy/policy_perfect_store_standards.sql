-- The Perfect Store standards, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('perfect_store_standards') }}
),

final as (
    select
        standard_set,
        kpi,
        kind,
        pillar,
        weight,
        target,
        tolerance,
        is_must_have,
        valid_from,
        valid_to
    from lines
)

select * from final
