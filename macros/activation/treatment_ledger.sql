{#- What this publication adds to the record of promises: a grant where today's segments bring something that does not
    stand, a withdrawal where something stands that they no longer bring. A promise is entity x scheme x segment x
    treatment x value; its last event says whether it stands. Grain: event. -#}
{% macro treatment_ledger() %}
{%- set promise = ['entity_type', 'entity_id', 'scheme', 'segment', 'treatment', 'value'] -%}
with known as (
    {{ rows_so_far({
        'entity_type': 'string', 'entity_id': 'string', 'scheme': 'string', 'segment': 'string', 'treatment': 'string',
        'value': 'string', 'event': 'string', 'event_number': 'integer', 'unit_cost': 'numeric(18, 6)',
        'notice_periods': 'integer', 'decided_on': 'date', 'effective_on': 'date',
    }) }}
),

entitled as (
    select * from {{ ref('int_treatment_entitlements') }}
),

active as (
    {%- for entity_type in ['store', 'rep', 'product_group'] %}
    select distinct
        '{{ entity_type }}' as entity_type,
        {{ entity_type }}_id as entity_id
    from {{ ref('fct_' ~ entity_type ~ '_segments_current') }}
    where
        is_active
        {%- if entity_type == 'store' %}
        and store_id not in ({{ stores_set_apart() }})
        {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- a scheme of which nothing was ever promised: its segments are held since before
known_schemes as (
    select distinct
        entity_type,
        scheme
    from known
),

-- a build for an earlier day than the last one on record promises nothing
latest as (
    select max(decided_on) as decided_on
    from known
),

ranked as (
    select
        *,
        row_number() over (partition by {{ promise | join(', ') }} order by event_number desc) as event_rank
    from known
),

standing as (
    select * from ranked where event_rank = 1
),

compared as (
    select
        {%- for column in promise %}
        coalesce(entitled.{{ column }}, standing.{{ column }}) as {{ column }},
        {%- endfor %}
        case when entitled.entity_id is null then 'withdrawn' else 'granted' end as event,
        coalesce(standing.event, 'withdrawn') as event_before,
        coalesce(standing.event_number, 0) + 1 as event_number,
        standing.effective_on as effective_before,
        coalesce(entitled.unit_cost, standing.unit_cost) as unit_cost,
        coalesce(entitled.notice_periods, standing.notice_periods) as notice_periods,
        entitled.effective_from,
        case
            when known_schemes.scheme is null then least(entitled.segment_since, {{ as_of_date() }})
            else {{ as_of_date() }}
        end as reached_on
    from entitled
    full outer join standing
        on
            {%- for column in promise %}
            {{ 'and ' if not loop.first }}entitled.{{ column }} = standing.{{ column }}
            {%- endfor %}
    left join known_schemes
        on entitled.entity_type = known_schemes.entity_type and entitled.scheme = known_schemes.scheme
),

events as (
    select
        compared.*,
        active.entity_id is not null as is_active,
        {{ as_of_date() }} as decided_on
    from compared
    left join active on compared.entity_type = active.entity_type and compared.entity_id = active.entity_id
    left join latest on 1 = 1
    where
        -- what runs out in notice ends at once when nobody is left to have it
        (
            compared.event <> compared.event_before
            or (
                compared.event = 'withdrawn'
                and active.entity_id is null
                and compared.effective_before > {{ as_of_date() }}
            )
        )
        and (latest.decided_on is null or latest.decided_on <= {{ as_of_date() }})
        and {{ records_publication() }}
),

dated as (
    select
        *,
        case
            -- given back while its notice runs, it never ended
            when event = 'granted' and effective_before > decided_on then decided_on
            when event = 'granted' and effective_from = 'next_period'
                then greatest(decided_on, {{ period_start_date('(' ~ period_index('reached_on') ~ ' + 1)') }})
            when event = 'granted' and effective_from = 'next_cycle'
                then greatest(decided_on, {{ cycle_start('reached_on', later=1) }})
            -- what has not begun, and what belongs to nobody any more, has no notice
            when event = 'granted' or effective_before > decided_on or not is_active or notice_periods = 0
                then decided_on
            else {{ period_start_date('(' ~ period_index('decided_on') ~ ' + notice_periods)') }}
        end as due_on
    from events
),

-- what the same scheme gives in its stead takes over without a gap
succeeded as (
    select
        *,
        case
            when event = 'withdrawn' and is_active and effective_before <= decided_on
                then greatest(due_on, max(case when event = 'granted' then due_on end) over (
                    partition by entity_type, entity_id, scheme, treatment
                ))
            else due_on
        end as effective_on
    from dated
),

final as (
    select
        md5(concat_ws('|', {{ promise | join(', ') }}, cast(event_number as {{ dbt.type_string() }}))) as event_key,
        {{ promise | join(',\n        ') }},
        event,
        cast(event_number as integer) as event_number,
        unit_cost,
        cast(notice_periods as integer) as notice_periods,
        decided_on,
        effective_on,
        {{ published_at() }} as published_at
    from succeeded
)

select * from final
{% endmacro %}


{#- What an append-only model holds already; no rows, with the columns that are asked of it, before its first run. -#}
{% macro rows_so_far(columns) -%}
    {%- if is_incremental() -%}
    select * from {{ this }}
    {%- else -%}
    select
        {%- for name, data_type in columns.items() %}
        cast(null as {{ contract_type(data_type) }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endif -%}
{%- endmacro %}
