-- A first document in the year 202 is a typing error, and a calendar cut off at its upper bound would
-- judge the wrong periods: correct the date, set var history_starts_on, or raise var max_history_periods.
with periods as (
    select * from {{ ref('int_periods') }}
),

final as (
    select
        'history begins on ' || cast(min(period_start_date) as {{ dbt.type_string() }})
        || ' and is longer than var max_history_periods ({{ var("max_history_periods", 1200) }}): correct the first '
        || 'document''s date, set var history_starts_on, or raise the limit' as problem
    from periods
    -- a history that fits reaches the period of as_of_date
    having max(period_index) < {{ period_index(as_of_date()) }}
)

select * from final
