with sales as (
    select min(period_index) as first_period_index
    from {{ ref('int_store_sales') }}
),

bounds as (
    select
        {% if var('history_starts_on', none) -%}
        {{ period_index("cast('" ~ var('history_starts_on') ~ "' as date)") }} as first_period_index,
        {%- else -%}
        -- a company without documents has the running period alone, and that is not closed
        coalesce(first_period_index, {{ period_index(as_of_date()) }}) as first_period_index,
        {%- endif %}
        {{ period_index(as_of_date()) }} as last_period_index
    from sales
),

-- a constant upper bound keeps the calendar free of introspection; a longer history stops the build
-- (assert_history_fits_max_history_periods)
numbers as (
    {{ dbt.generate_series(var('max_history_periods', 1200)) }}
),

indexes as (
    select cast(bounds.first_period_index + numbers.generated_number - 1 as integer) as period_index
    from bounds
    inner join numbers
        on bounds.first_period_index + numbers.generated_number - 1 <= bounds.last_period_index
),

dates as (
    select
        period_index,
        {{ period_start_date('period_index') }} as period_start_date,
        {{ period_end_date('period_index') }} as period_end_date
    from indexes
),

final as (
    select
        period_index,
        period_start_date,
        period_end_date,
        {{ add_days('period_end_date', var('closing_lag_days', 3) + 1) }} as closes_on,
        {{ add_days('period_end_date', var('closing_lag_days', 3)) }} < {{ as_of_date() }} as is_closed
    from dates
)

select * from final
