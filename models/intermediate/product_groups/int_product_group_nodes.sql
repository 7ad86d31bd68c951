{#- Column of the product master that names a level's code. -#}
{%- set code_columns = {'group': 'product_group', 'product': 'product_id'} -%}
with products as (
    select
        product_id,
        product_group,
        brand,
        category,
        unit_cost
    from {{ ref('int_products') }}
    union all
    -- lines without a product, whose id is empty here because a NULL joins nothing
    select
        '' as product_id,
        cast(null as {{ dbt.type_string() }}) as product_group,
        cast(null as {{ dbt.type_string() }}) as brand,
        cast(null as {{ dbt.type_string() }}) as category,
        cast(null as numeric(18, 6)) as unit_cost
),

first_sales as (
    select
        product_id,
        min(period_index) as first_period_index
    from {{ ref('int_product_sales') }}
    group by product_id
),

final as (
    {%- for level in var('product_levels', ['category', 'brand', 'group', 'product']) %}
    select
        products.product_id,
        '{{ level }}' as level,
        '{{ level }}:' || coalesce(nullif(products.{{ code_columns.get(level, level) }}, ''), 'unknown')
            as product_group_id,
        products.unit_cost,
        first_sales.first_period_index,
        cast(null as integer) as last_period_index
    from products
    left join first_sales on products.product_id = first_sales.product_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
