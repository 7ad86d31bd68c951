{#- the levels from the lowest up, as var product_levels names them from the highest down -#}
{%- set levels = var('product_levels', ['category', 'brand', 'group', 'product']) -%}
with nodes as (
    select * from {{ ref('int_product_group_nodes') }}
    where product_id <> ''
),

treatments as (
    select * from {{ ref('fct_product_group_treatments') }}
),

ranked as (
    select
        nodes.product_id,
        nodes.level,
        treatments.*,
        row_number() over (
            partition by nodes.product_id, treatments.treatment
            order by
                case nodes.level
                    {%- for level in levels %}
                    when '{{ level }}' then {{ loop.revindex }}
                    {%- endfor %}
                end
        ) as level_rank
    from nodes
    inner join treatments on nodes.product_group_id = treatments.product_group_id
),

final as (
    select
        product_id,
        treatment,
        unit,
        value,
        value_number,
        level,
        product_group_id,
        scheme,
        segment,
        in_force_since,
        ends_on,
        as_of_date
    from ranked
    where level_rank = 1
)

select * from final
