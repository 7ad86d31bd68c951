with

sales_reps as (
    select * from {{ source('adventureworks', 'sales_reps') }}
),

territories as (
    select * from {{ source('adventureworks', 'territories') }}
),

final as (
    select
        cast(sales_reps.employee_key as {{ dbt.type_string() }}) as rep_id,
        sales_reps.rep_name,
        territories.territory as region,
        cast(sales_reps.manager_employee_key as {{ dbt.type_string() }}) as manager_id,
        sales_reps.hire_date as hired_on
    from sales_reps
    left join territories on sales_reps.sales_territory_key = territories.sales_territory_key
)

select * from final
