{{ config(materialized='view') }}
{%- set text = dbt.type_string() -%}
{%- set rising = var('buying_more_periods', 3) -%}
with stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

metrics as (
    select
        fct_store_metrics.*,
        {{ last_closed_period() }} as last_period_index
    from {{ ref('fct_store_metrics') }} as fct_store_metrics
),

-- told once for a silence, and of one that is long over not at all
stopped as (
    select
        store_id,
        '*' as scheme,
        'stopped_buying' as signal,
        cast(period_index - cast(periods_since_last_order as integer) as {{ text }}) as occasion,
        {{ plain_number('periods_since_last_order') }} as detail
    from metrics
    where
        period_index = last_period_index
        and has_ordered = 1
        and periods_since_last_order >= {{ var('silent_after_periods', 3) }}
        and periods_since_last_order < {{ window_length('year') }}
),

compared as (
    select
        store_id,
        period_index,
        last_period_index,
        order_value_period > coalesce(
            lag(order_value_period) over (partition by store_id order by period_index), order_value_period
        ) as is_rise
    from metrics
),

runs as (
    select
        store_id,
        last_period_index,
        coalesce(max(case when not is_rise then period_index end), min(period_index) - 1) as run_begins_after
    from compared
    group by
        store_id,
        last_period_index
),

buying_more as (
    select
        store_id,
        '*' as scheme,
        'buying_more' as signal,
        cast(run_begins_after as {{ text }}) as occasion,
        cast(last_period_index - run_begins_after as {{ text }}) as detail
    from runs
    where last_period_index - run_begins_after >= {{ rising }}
),

found as (
    select * from stopped
    union all
    select * from buying_more
),

final as (
    select
        'store' as entity_type,
        found.store_id as entity_id,
        found.scheme,
        found.signal,
        found.occasion,
        cast(null as {{ text }}) as from_segment,
        cast(null as {{ text }}) as to_segment,
        cast(null as date) as due_on,
        found.detail
    from found
    inner join stores on found.store_id = stores.store_id
)

select * from final
