{{ config(materialized='incremental', incremental_strategy='append',
    full_refresh=false, on_schema_change='append_new_columns') }}
with known as (
    {{ rows_so_far({'signal_key': 'string', 'entity_type': 'string', 'scheme': 'string', 'first_seen_on': 'date'}) }}
),

signals as (
    select * from {{ ref('fct_signals') }}
),

schemes as (
    select
        entity_type,
        scheme
    from {{ ref('policy_schemes') }}
    union all
    -- of what belongs to no scheme
    select
        'store' as entity_type,
        '*' as scheme
),

-- the publication that shows a scheme for the first time leaves a mark of it
found as (
    select
        signal_key,
        entity_type,
        entity_id,
        scheme,
        signal
    from signals
    union all
    select
        md5(concat_ws('|', entity_type, scheme, 'scheme_published')) as signal_key,
        entity_type,
        '*' as entity_id,
        scheme,
        'scheme_published' as signal
    from schemes
),

known_schemes as (
    select distinct
        entity_type,
        scheme
    from known
),

final as (
    select
        found.signal_key,
        found.entity_type,
        found.entity_id,
        found.scheme,
        found.signal,
        known_schemes.scheme is null as is_first_publication,
        {{ as_of_date() }} as first_seen_on,
        {{ published_at() }} as published_at
    from found
    left join known on found.signal_key = known.signal_key
    left join known_schemes on found.entity_type = known_schemes.entity_type and found.scheme = known_schemes.scheme
    where
        known.signal_key is null
        and coalesce((select max(seen.first_seen_on) from known as seen) <= {{ as_of_date() }}, true)
        and {{ records_publication() }}
)

select * from final
