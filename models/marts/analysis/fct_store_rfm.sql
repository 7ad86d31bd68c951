{{ config(materialized='periodic') }}
with customers as (
    select
        store_id,
        period_index,
        period_start_date,
        periods_since_last_order,
        orders_year,
        order_value_year
    from {{ ref('fct_store_metrics') }}
    where
        has_ordered = 1
        and period_index >= {{ from_period() }}
),

-- the bands in force at the period's end, each up to the next one
bands as (
    select
        bands.measure,
        bands.score,
        periods.period_index,
        coalesce(bands.lower_bound, -999999999999) as lower_bound,
        lead(bands.lower_bound) over (
            partition by bands.measure, periods.period_index order by bands.lower_bound nulls first, bands.score
        ) as next_bound
    from {{ ref('policy_rfm_bands') }} as bands
    inner join {{ ref('int_periods') }} as periods
        on
            coalesce(bands.valid_from, periods.period_end_date) <= periods.period_end_date
            and (bands.valid_to is null or bands.valid_to > periods.period_end_date)
),

scored as (
    select
        customers.*,
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from customers
    left join bands as recency
        on
            recency.measure = 'recency'
            and customers.period_index = recency.period_index
            and customers.periods_since_last_order >= recency.lower_bound
            and (recency.next_bound is null or customers.periods_since_last_order < recency.next_bound)
    left join bands as frequency
        on
            frequency.measure = 'frequency'
            and customers.period_index = frequency.period_index
            and customers.orders_year >= frequency.lower_bound
            and (frequency.next_bound is null or customers.orders_year < frequency.next_bound)
    left join bands as monetary
        on
            monetary.measure = 'monetary'
            and customers.period_index = monetary.period_index
            and customers.order_value_year >= monetary.lower_bound
            and (monetary.next_bound is null or customers.order_value_year < monetary.next_bound)
),

final as (
    select
        *,
        cast(recency_score as {{ dbt.type_string() }}) || cast(frequency_score as {{ dbt.type_string() }})
        || cast(monetary_score as {{ dbt.type_string() }}) as rfm_segment
    from scored
)

select * from final
