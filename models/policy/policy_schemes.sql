-- The schemes, typed. It waits for the gate: nothing reads a policy that has a problem.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('schemes') }}
),

final as (
    select
        entity_type,
        scheme,
        kind,
        nullif(trim(split_part(applies_to, '=', 1)), '') as applies_to_attribute,
        nullif(trim(substr(applies_to, position('=' in applies_to) + 1)), '') as applies_to_value,
        scope_attribute,
        review_every,
        min_stay_periods,
        demotion,
        max_moved_share,
        label,
        description
    from lines
)

select * from final
