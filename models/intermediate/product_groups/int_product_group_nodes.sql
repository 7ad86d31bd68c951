{#- Column of the product master that names a level's code. -#}
{%- set code_columns = {'group': 'product_group', 'product': 'product_id'} -%}
with products as (
    select
        product_id,
        product_group,
        brand,
        category
    from {{ ref('int_products') }}
    union all
    -- lines without a product, whose id is empty here because a NULL joins nothing
    select
        '' as product_id,
        cast(null as {{ dbt.type_string() }}) as product_group,
        cast(null as {{ dbt.type_string() }}) as brand,
        cast(null as {{ dbt.type_string() }}) as category
),

final as (
    {%- for level in var('product_levels', ['category', 'brand', 'group', 'product']) %}
    select
        product_id,
        '{{ level }}' as level,
        '{{ level }}:' || coalesce(nullif({{ code_columns.get(level, level) }}, ''), 'unknown') as product_group_id
    from products
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
