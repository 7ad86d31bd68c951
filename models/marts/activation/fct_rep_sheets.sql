{%- set changes = quoted_list(['promoted', 'demoted', 'moved', 'returned']) -%}
with store_reps as (
    select * from {{ ref('int_store_reps_current') }}
),

stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

metrics as (
    select * from {{ ref('fct_store_metrics') }}
    where period_index = {{ last_closed_period() }}
),

explanations as (
    select
        store_id,
        {{ text_list("scheme_name || ': ' || segment_name", '; ') }} as segments,
        {{ text_list(
            "case when missing is not null then scheme_name || ' ' || next_segment_name || ': ' || missing end", ' | '
        ) }} as missing
    from {{ ref('fct_store_explanations') }}
    where is_active
    group by store_id
),

signals as (
    select
        entity_id as store_id,
        {{ text_list('case when signal in (' ~ changes ~ ') then text end', '; ') }} as changes,
        {{ text_list('case when signal not in (' ~ changes ~ ') then text end', '; ') }} as warnings,
        count(case when severity = 'critical' then 1 end) as critical_signals
    from {{ ref('fct_signals') }}
    where entity_type = 'store'
    group by entity_id
),

final as (
    select
        store_reps.rep_id,
        store_reps.store_id,
        stores.store_name,
        stores.region,
        stores.city,
        stores.channel,
        explanations.segments,
        signals.changes,
        signals.warnings,
        explanations.missing,
        cast(coalesce(signals.critical_signals, 0) as integer) as critical_signals,
        metrics.order_value_year,
        {{ as_of_date() }} as as_of_date
    from store_reps
    inner join stores on store_reps.store_id = stores.store_id
    left join explanations on store_reps.store_id = explanations.store_id
    left join signals on store_reps.store_id = signals.store_id
    left join metrics on store_reps.store_id = metrics.store_id
)

select * from final
