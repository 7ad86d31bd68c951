with outlooks as (
    select * from {{ ref('int_store_segment_outlooks') }}
    where
        scheme = '{{ var("client_scheme", "lifecycle") }}'
        and segment = '{{ var("lost_segment", "LOST") }}'
        and not holds
        and metric like 'periods_since_%'
        and missing_amount between 0 and {{ var('last_chance_periods', 3) }}
),

stores as (
    select * from {{ ref('dim_stores') }}
    where is_active
),

current_segments as (
    select * from {{ ref('fct_store_segments_current') }}
    where scheme = '{{ var("client_scheme", "lifecycle") }}'
),

store_reps as (
    select * from {{ ref('int_store_reps_current') }}
    where is_own_rep
),

metrics as (
    select * from {{ ref('fct_store_metrics') }}
    where period_index > {{ last_closed_period() }} - {{ window_length('year') }}
),

-- the year that ended with the last order says what is lost: the trailing one is nearly empty by now
closest as (
    select
        outlooks.store_id,
        stores.store_name,
        stores.region,
        stores.channel,
        store_reps.rep_id,
        current_segments.segment,
        cast(outlooks.value as integer) as periods_since_last_order,
        cast(outlooks.missing_amount as integer) as periods_left,
        metrics.order_value_year as order_value_year_before
    from outlooks
    inner join stores on outlooks.store_id = stores.store_id
    inner join current_segments
        on
            outlooks.store_id = current_segments.store_id
            and current_segments.segment not in ({{ quoted_list(
                var('unreachable_segments', []) + [var('lost_segment', 'LOST')]
            ) }})
    left join store_reps on outlooks.store_id = store_reps.store_id
    left join metrics
        on
            outlooks.store_id = metrics.store_id
            and metrics.period_index = outlooks.period_index - cast(outlooks.value as integer)
),

final as (
    select
        *,
        cast(row_number() over (
            order by order_value_year_before desc nulls last, periods_left, {{ bytewise('store_id') }}
        ) as integer) as visit_rank,
        {{ as_of_date() }} as as_of_date
    from closest
)

select * from final
