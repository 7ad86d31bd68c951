with employees as (
    select * from {{ source('northwind', 'sales_reps') }}
),

employee_territories as (
    select * from {{ source('northwind', 'employee_territories') }}
),

territories as (
    select * from {{ source('northwind', 'territories') }}
),

regions as (
    select * from {{ source('northwind', 'region') }}
),

-- all territories of an employee lie in one region; were it two, the first by name would speak
employee_regions as (
    select
        employee_territories.employee_id,
        min(trim(regions.region_description)) as region
    from employee_territories
    inner join territories on employee_territories.territory_id = territories.territory_id
    inner join regions on territories.region_id = regions.region_id
    group by employee_territories.employee_id
),

final as (
    select
        cast(employees.employee_id as {{ dbt.type_string() }}) as rep_id,
        employees.first_name || ' ' || employees.last_name as rep_name,
        employee_regions.region,
        cast(employees.reports_to as {{ dbt.type_string() }}) as manager_id,
        employees.hire_date as hired_on
    from employees
    left join employee_regions on employees.employee_id = employee_regions.employee_id
)

select * from final
