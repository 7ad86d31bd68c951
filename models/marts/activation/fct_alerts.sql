{{ config(materialized='incremental', incremental_strategy='append',
    full_refresh=false, on_schema_change='append_new_columns') }}
with known as (
    {{ rows_so_far({'signal_key': 'string', 'recipient_type': 'string', 'raised_on': 'date'}) }}
),

signals as (
    select * from {{ ref('fct_signals') }}
),

log as (
    select * from {{ ref('fct_signal_log') }}
),

store_reps as (
    select * from {{ ref('int_store_reps_current') }}
),

reps as (
    select * from {{ ref('dim_reps') }}
    where is_active
),

-- what was published before as it is now is not told
new_signals as (
    select signals.*
    from signals
    inner join log on signals.signal_key = log.signal_key
    where
        not log.is_first_publication
        and coalesce((select max(raised_on) from known) <= {{ as_of_date() }}, true)
        and {{ records_publication() }}
        and coalesce((select max(seen.first_seen_on) from log as seen) <= {{ as_of_date() }}, true)
),

about as (
    select
        'store' as entity_type,
        store_id as entity_id,
        rep_id,
        manager_id
    from store_reps
    union all
    select
        'rep' as entity_type,
        rep_id as entity_id,
        rep_id,
        manager_id
    from reps
),

addressed as (
    {%- for recipient in ['rep', 'manager'] %}
    select
        new_signals.signal_key,
        '{{ recipient }}' as recipient_type,
        about.{{ recipient }}_id as recipient_id
    from new_signals
    inner join about on new_signals.entity_type = about.entity_type and new_signals.entity_id = about.entity_id
    where ';' || new_signals.recipients || ';' like '%;{{ recipient }};%' and about.{{ recipient }}_id is not null
    union
    {%- endfor %}
    select
        signal_key,
        'product_owner' as recipient_type,
        '{{ var("product_owner", "product_owner") }}' as recipient_id
    from new_signals
    where ';' || recipients || ';' like '%;product_owner;%'
),

-- a store's next rep is not told what its last one was, and a store without a rep waits for him
told as (
    select distinct
        signal_key,
        recipient_type
    from known
),

final as (
    select
        md5(concat_ws('|', new_signals.signal_key, addressed.recipient_type, addressed.recipient_id)) as alert_key,
        new_signals.signal_key,
        new_signals.entity_type,
        new_signals.entity_id,
        new_signals.scheme,
        new_signals.signal,
        new_signals.severity,
        addressed.recipient_type,
        addressed.recipient_id,
        new_signals.text,
        {{ as_of_date() }} as raised_on,
        {{ published_at() }} as raised_at
    from new_signals
    inner join addressed on new_signals.signal_key = addressed.signal_key
    left join told
        on addressed.signal_key = told.signal_key and addressed.recipient_type = told.recipient_type
    where told.signal_key is null
)

select * from final
