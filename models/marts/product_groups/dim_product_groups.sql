{{ config(contract={'enforced': false}) }}
-- without a contract: the segment columns follow var dim_schemes

with lives as (
    select * from {{ ref('int_product_group_lives') }}
),

levels as (
    select
        product_group_id,
        value as level
    from {{ ref('int_product_group_attributes') }}
    where attribute = 'level'
),

segments as (
    select
        product_group_id,
        {{ segment_columns('product_group') }}
    from {{ ref('fct_product_group_segments_current') }}
    group by product_group_id
),

final as (
    select
        lives.product_group_id,
        levels.level,
        substr(lives.product_group_id, length(levels.level) + 2) as code,
        {%- for scheme in var('dim_schemes', {}).get('product_group', []) %}
        segments.{{ scheme }}_segment,
        {%- endfor %}
        lives.starts_on as life_starts_on,
        lives.is_active
    from lives
    left join levels on lives.product_group_id = levels.product_group_id
    left join segments on lives.product_group_id = segments.product_group_id
)

select * from final
