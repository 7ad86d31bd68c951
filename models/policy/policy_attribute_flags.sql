-- Metrics of 0 and 1 made of text attributes, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('attribute_flags') }}
),

final as (
    select
        entity_type,
        metric,
        attribute,
        -- with a separator on both sides, so that a value is found whole
        ';' || regexp_replace(lines.values, '[ \t]*;[ \t]*', ';', 'g') || ';' as listed_values
    from lines
)

select * from final
