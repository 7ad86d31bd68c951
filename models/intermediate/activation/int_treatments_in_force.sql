{%- set promise = ['entity_type', 'entity_id', 'scheme', 'segment', 'treatment', 'value'] -%}
with ledger as (
    select * from {{ ref('fct_treatment_ledger') }}
    where decided_on <= {{ as_of_date() }}
),

-- a grant in the notice of the withdrawal before it goes on with what was in force
runs as (
    select
        *,
        row_number() over (partition by {{ promise | join(', ') }} order by event_number desc) as event_rank,
        case
            when
                event = 'granted'
                and coalesce(
                    lag(effective_on) over (partition by {{ promise | join(', ') }} order by event_number)
                    <= effective_on, true
                )
                then effective_on
        end as run_begins_on
    from ledger
),

promises as (
    select
        {{ promise | join(',\n        ') }},
        max(case when event_rank = 1 then event end) as event,
        max(case when event_rank = 1 then effective_on end) as effective_on,
        max(case when event_rank = 1 then unit_cost end) as unit_cost,
        max(run_begins_on) as in_force_since
    from runs
    group by {{ promise | join(', ') }}
),

final as (
    select
        {{ promise | join(',\n        ') }},
        {{ policy_number('value') }} as value_number,
        cast(unit_cost as numeric(18, 6)) as unit_cost,
        in_force_since,
        case when event = 'withdrawn' then effective_on end as ends_on
    from promises
    where
        in_force_since <= {{ as_of_date() }}
        and (event = 'granted' or effective_on > {{ as_of_date() }})
)

select * from final
