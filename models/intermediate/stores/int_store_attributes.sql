{%- set columns = ['channel', 'region', 'city', 'industry', 'legal_type'] -%}
with stores as (
    select * from {{ ref('int_stores') }}
),

paths as (
    select
        store_id,
        {{ clean_path('store_group_path') }} as store_group_path
    from stores
),

depths as (
    select
        store_id,
        store_group_path,
        {{ path_depth('store_group_path') }} as depth
    from paths
    where store_group_path is not null
),

-- one value for every prefix, so that a rule for a chain reaches its whole subtree
store_groups as (
    select
        depths.store_id,
        {{ path_prefix('depths.store_group_path', 'prefixes.depth') }} as store_group
    from depths
    cross join lateral generate_series(1, depths.depth) as prefixes (depth)
),

final as (
    {%- for column in columns %}
    select
        store_id,
        '{{ column }}' as attribute,
        {{ column }} as value
    from stores
    where {{ column }} is not null
    union all
    {%- endfor %}
    select
        store_id,
        'is_served' as attribute,
        case when is_served then 'true' else 'false' end as value
    from stores
    where is_served is not null
    union all
    select
        store_id,
        'store_group' as attribute,
        store_group as value
    from store_groups
    {{- union_extra_attributes('store') }}
)

select * from final
