-- How external metrics are read, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('external_metrics') }}
),

final as (
    select
        entity_type,
        metric,
        aggregation,
        description
    from lines
)

select * from final
