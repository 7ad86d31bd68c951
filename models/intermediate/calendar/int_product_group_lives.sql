{{ config(meta={'dated_columns': ['product_group_id']}) }}
with sales as (
    select * from {{ ref('int_product_group_sales') }}
),

members as (
    select
        product_group_id,
        min(first_line_on) as begins_on,
        -- a product group has no end
        cast(null as date) as ends_on,
        cast(null as integer) as last_document_period_index
    from sales
    group by product_group_id
),

{{ entity_lives('product_group_id') }}

select * from final
