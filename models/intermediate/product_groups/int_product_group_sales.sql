{{ config(materialized='periodic', periods='all') }}
with sales as (
    select * from {{ ref('int_product_sales') }}
    where period_index >= {{ from_period() }}
),

nodes as (
    select * from {{ ref('int_product_group_nodes') }}
),

final as (
    select
        nodes.product_group_id,
        nodes.level,
        sales.period_index,
        cast(sum(sales.net_value) as numeric(38, 4)) as net_value,
        cast(sum(sales.quantity) as numeric(38, 4)) as quantity,
        cast(sum(case when nodes.unit_cost is not null then sales.net_value else 0 end) as numeric(38, 4))
            as costed_value,
        cast(sum(coalesce(sales.quantity * nodes.unit_cost, 0)) as numeric(38, 10)) as cost,
        min(sales.first_line_on) as first_line_on
    from sales
    inner join nodes on sales.product_id = nodes.product_id
    group by
        nodes.product_group_id,
        nodes.level,
        sales.period_index
)

select * from final
