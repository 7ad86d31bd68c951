{{ config(materialized='periodic', periods='all') }}
with lines as (
    select * from {{ ref('int_document_lines') }}
    where period_index >= {{ from_period() }}
),

products as (
    select
        product_id,
        category,
        unit_cost
    from {{ ref('int_products') }}
),

final as (
    select
        coalesce(lines.store_id, 'unknown') as store_id,
        coalesce(products.category, 'unknown') as category,
        lines.period_index,
        cast(sum(lines.net_amount) as numeric(38, 4)) as net_value,
        cast(count(*) as integer) as lines,
        cast(count(products.unit_cost) as integer) as costed_lines,
        cast(
            coalesce(sum(case when products.unit_cost is not null then lines.net_amount end), 0) as numeric(38, 4)
        ) as costed_value,
        cast(coalesce(sum(lines.quantity * products.unit_cost), 0) as numeric(38, 10)) as cost
    from lines
    left join products on lines.product_id = products.product_id
    group by
        coalesce(lines.store_id, 'unknown'),
        coalesce(products.category, 'unknown'),
        lines.period_index
)

select * from final
