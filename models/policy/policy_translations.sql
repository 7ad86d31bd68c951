-- Texts for people, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('translations') }}
),

final as (
    select
        language,
        key,
        text
    from lines
)

select * from final
