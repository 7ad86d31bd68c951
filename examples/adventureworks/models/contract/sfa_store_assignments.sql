with

runs as (
    select * from {{ ref('order_runs') }}
),

stores as (
    select * from {{ source('adventureworks', 'stores') }}
),

todays_reps as (
    select * from {{ source('adventureworks', 'store_rep_current') }}
),

territory_history as (
    select * from {{ source('adventureworks', 'rep_territory_history') }}
),

data_end as (
    select {{ dynamic_segmentation.add_days('max(order_date)', 1) }} as ends_on
    from {{ source('adventureworks', 'orders') }}
),

-- until the next rep's first order, or until the rep left the territory and sold no more there
sold as (
    select
        runs.reseller_key,
        runs.employee_key,
        runs.first_order_on as valid_from,
        least(
            next_runs.first_order_on,
            case
                when next_runs.first_order_on is null and runs.employee_key <> todays_reps.employee_key
                    then data_end.ends_on
            end,
            case
                when territory_history.end_date_dw >= runs.last_order_on
                    then {{ dynamic_segmentation.add_days('territory_history.end_date_dw', 1) }}
            end
        ) as valid_to
    from runs
    cross join data_end
    left join runs as next_runs
        on runs.reseller_key = next_runs.reseller_key and runs.run_number + 1 = next_runs.run_number
    left join todays_reps on runs.reseller_key = todays_reps.reseller_key
    left join territory_history
        on
            runs.employee_key = territory_history.employee_key
            and runs.sales_territory_key = territory_history.sales_territory_key
),

-- counted, and not an anti-join: of one to the NULLs of a left join rows were lost (see DECISIONLOG.md)
todays_states as (
    select
        todays_reps.reseller_key,
        todays_reps.employee_key,
        max(case
            when sold.employee_key = todays_reps.employee_key and sold.valid_to is null then 1
            else 0
        end) as is_open
    from todays_reps
    left join sold on todays_reps.reseller_key = sold.reseller_key
    group by todays_reps.reseller_key, todays_reps.employee_key
),

-- today's rep, where it is another or the reseller never ordered: since when is not known
taken_over as (
    select
        todays_states.reseller_key,
        todays_states.employee_key,
        data_end.ends_on as valid_from,
        cast(null as date) as valid_to
    from todays_states
    cross join data_end
    where todays_states.is_open = 0
),

assignments as (
    select * from sold
    union all
    select * from taken_over
),

final as (
    select
        stores.account_number as store_id,
        cast(assignments.employee_key as {{ dbt.type_string() }}) as rep_id,
        assignments.valid_from,
        assignments.valid_to
    from assignments
    inner join stores on assignments.reseller_key = stores.reseller_key
    -- a rep whose first order of a run is the next one's first day had no day of their own
    where assignments.valid_to is null or assignments.valid_from < assignments.valid_to
)

select * from final
