with nodes as (
    select distinct
        product_group_id,
        level
    from {{ ref('int_product_group_nodes') }}
),

final as (
    select
        product_group_id,
        'level' as attribute,
        level as value
    from nodes
    union all
    select
        product_group_id,
        'product_group_id' as attribute,
        product_group_id as value
    from nodes
    {{- union_extra_attributes('product_group') }}
)

select * from final
