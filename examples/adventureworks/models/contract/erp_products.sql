with

products as (
    select * from {{ source('adventureworks', 'products') }}
),

subcategories as (
    select * from {{ source('adventureworks', 'product_subcategories') }}
),

categories as (
    select * from {{ source('adventureworks', 'product_categories') }}
),

-- a product of the contract is the latest of its versions, whose cost is today's cost
versions as (
    select
        *,
        row_number() over (
            partition by product_number
            order by start_date desc nulls last, product_key desc
        ) as newness
    from products
),

final as (
    select
        versions.product_number as product_id,
        versions.product_name,
        subcategories.product_subcategory as product_group,
        case trim(versions.product_line)
            when 'M' then 'Mountain'
            when 'R' then 'Road'
            when 'T' then 'Touring'
            when 'S' then 'Standard'
        end as brand,
        categories.product_category as category,
        versions.standard_cost as unit_cost,
        versions.list_price
    from versions
    left join subcategories on versions.product_subcategory_key = subcategories.product_subcategory_key
    left join categories on subcategories.product_category_key = categories.product_category_key
    where versions.newness = 1
)

select * from final
