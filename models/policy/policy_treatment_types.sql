-- What treatments are, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('treatment_types') }}
),

final as (
    select
        treatment,
        unit,
        combine,
        scheme_priority,
        cost_metric,
        label,
        description
    from lines
)

select * from final
