-- What segments bring, typed.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('treatments') }}
),

final as (
    select
        entity_type,
        scheme,
        segment,
        treatment,
        value,
        {{ policy_number('value') }} as value_number,
        unit_cost,
        effective_from,
        notice_periods,
        valid_from,
        valid_to
    from lines
)

select * from final
