-- Cut-points of the RFM scores, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('rfm_bands') }}
),

final as (
    select
        measure,
        score,
        lower_bound,
        valid_from,
        valid_to
    from lines
)

select * from final
