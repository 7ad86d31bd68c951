with stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

metrics as (
    select * from {{ ref('fct_store_metrics') }}
    where
        period_index = {{ last_closed_period() }}
        and has_ordered = 1
),

-- periods since anybody spoke to the store: a visit or an interaction
contacts as (
    select
        store_id,
        max(period_index) as last_contact_period_index
    from {{ ref('int_store_contact_counts') }}
    where
        period_index <= {{ last_closed_period() }}
        and (visits > 0 or interactions > 0)
    group by store_id
),

judged as (
    select
        metrics.store_id,
        stores.store_name,
        stores.region,
        stores.channel,
        metrics.periods_since_last_order,
        metrics.period_index - contacts.last_contact_period_index as periods_since_last_contact,
        metrics.order_value_year,
        metrics.gross_margin_year,
        metrics.cost_to_serve_year,
        metrics.net_contribution_year,
        coalesce(metrics.net_contribution_year < 0, false) as is_not_worth_serving,
        metrics.periods_since_last_order >= {{ var('silent_after_periods', 3) }}
        and coalesce(
            metrics.period_index - contacts.last_contact_period_index >= {{ var('silent_after_periods', 3) }}, true
        ) as is_silent
    from metrics
    inner join stores on metrics.store_id = stores.store_id
    left join contacts on metrics.store_id = contacts.store_id
),

final as (
    select * from judged
    where is_not_worth_serving or is_silent
)

select * from final
