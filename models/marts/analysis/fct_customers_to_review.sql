with last_period as (
    select max(period_index) as period_index
    from {{ ref('int_periods') }}
    where is_closed
),

stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

metrics as (
    select metrics.*
    from {{ ref('fct_store_metrics') }} as metrics
    inner join last_period on metrics.period_index = last_period.period_index
    where metrics.has_ordered = 1
),

-- periods since anybody spoke to the store: a visit or an interaction
contacts as (
    select
        counts.store_id,
        max(counts.period_index) as last_contact_period_index
    from {{ ref('int_store_contact_counts') }} as counts
    inner join last_period on counts.period_index <= last_period.period_index
    where counts.visits > 0 or counts.interactions > 0
    group by counts.store_id
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
