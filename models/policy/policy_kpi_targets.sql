-- What is expected of the members of a segment, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('kpi_targets') }}
),

final as (
    select
        entity_type,
        scheme,
        segment,
        kpi,
        target,
        direction,
        valid_from,
        valid_to
    from lines
)

select * from final
