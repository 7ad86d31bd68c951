{#- The dense spine: one row for every closed period of every member's life. -#}
{% macro entity_periods(lives, entity_id) %}
with lives as (
    select * from {{ lives }}
),

periods as (
    select * from {{ ref('int_periods') }}
    where is_closed
),

final as (
    select
        lives.{{ entity_id }},
        periods.period_index,
        periods.period_start_date,
        periods.period_end_date
    from lives
    inner join periods
        on periods.period_index between lives.first_period_index and lives.last_period_index
)

select * from final
{% endmacro %}
