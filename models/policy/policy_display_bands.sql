-- The bands that cut display parameters, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('display_bands') }}
),

final as (
    select
        position,
        attribute,
        band,
        lower_bound,
        equals
    from lines
)

select * from final
