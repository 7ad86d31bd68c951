{#- The life of each member (semantics.md, section 1) from a CTE `members` with the columns
    <entity_id>, begins_on (null: nothing dates its beginning), ends_on (null: none on or before
    as_of_date), last_document_period_index (null: none). -#}
{% macro entity_lives(entity_id) %}
history as (
    select
        min(period_index) as first_period_index,
        min(period_start_date) as starts_on,
        -- before the first period has closed nothing is judged: the last closed one lies before it
        coalesce(max(case when is_closed then period_index end), min(period_index) - 1) as last_closed_period_index
    from {{ ref('int_periods') }}
),

final as (
    select
        members.{{ entity_id }},
        -- nothing lives before history
        greatest(members.begins_on, history.starts_on) as starts_on,
        greatest({{ period_index('members.begins_on') }}, history.first_period_index) as first_period_index,
        case
            when members.ends_on is null then history.last_closed_period_index
            else least(
                history.last_closed_period_index,
                greatest(
                    {{ period_index('members.ends_on') }},
                    coalesce(members.last_document_period_index, {{ period_index('members.ends_on') }})
                )
            )
        end as last_period_index,
        members.ends_on is null as is_active
    from members
    cross join history
    where members.begins_on is not null
)
{% endmacro %}
