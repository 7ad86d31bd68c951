with store_products as (
    select * from {{ ref('int_store_product_sales') }}
),

products as (
    select * from {{ ref('int_products') }}
),

nodes as (
    select * from {{ ref('int_product_group_nodes') }}
),

-- reduced to products before the hierarchy multiplies the rows by its levels
product_sales as (
    select
        product_id,
        period_index,
        cast(sum(net_value) as numeric(38, 4)) as net_value,
        cast(sum(quantity) as numeric(38, 4)) as quantity,
        min(first_line_on) as first_line_on
    from store_products
    group by product_id, period_index
),

product_costs as (
    select
        product_sales.product_id,
        product_sales.period_index,
        product_sales.net_value,
        product_sales.quantity,
        product_sales.first_line_on,
        case when products.unit_cost is not null then product_sales.net_value else 0 end as costed_value,
        coalesce(product_sales.quantity * products.unit_cost, 0) as cost
    from product_sales
    left join products on product_sales.product_id = products.product_id
),

final as (
    select
        nodes.product_group_id,
        nodes.level,
        product_costs.period_index,
        cast(sum(product_costs.net_value) as numeric(38, 4)) as net_value,
        cast(sum(product_costs.quantity) as numeric(38, 4)) as quantity,
        cast(sum(product_costs.costed_value) as numeric(38, 4)) as costed_value,
        cast(sum(product_costs.cost) as numeric(38, 10)) as cost,
        min(product_costs.first_line_on) as first_line_on
    from product_costs
    inner join nodes on product_costs.product_id = nodes.product_id
    group by
        nodes.product_group_id,
        nodes.level,
        product_costs.period_index
)

select * from final
