{%- set unknown = "'unknown'" -%}
with stores as (
    select * from {{ ref('dim_stores') }}
),

reps as (
    select * from {{ ref('dim_reps') }}
),

store_reps as (
    select * from {{ ref('int_store_reps_current') }}
    where is_own_rep
),

-- a store's manager is that of its own rep, so that each store counts once
treatments as (
    select
        'store' as entity_type,
        treatments.treatment,
        treatments.scheme || ' ' || treatments.segment as segment,
        stores.region,
        store_reps.manager_id as manager,
        treatments.cost
    from {{ ref('fct_store_treatments') }} as treatments
    left join stores on treatments.store_id = stores.store_id
    left join store_reps on treatments.store_id = store_reps.store_id
    union all
    select
        'rep' as entity_type,
        treatments.treatment,
        treatments.scheme || ' ' || treatments.segment as segment,
        reps.region,
        reps.manager_id as manager,
        treatments.cost
    from {{ ref('fct_rep_treatments') }} as treatments
    left join reps on treatments.rep_id = reps.rep_id
    union all
    select
        'product_group' as entity_type,
        treatment,
        scheme || ' ' || segment as segment,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as manager,
        cost
    from {{ ref('fct_product_group_treatments') }}
),

grouped as (
    {%- for group_type in ['segment', 'region', 'manager', 'company'] %}
    select
        entity_type,
        treatment,
        '{{ group_type }}' as group_type,
        {{ "'all'" if group_type == 'company' else 'coalesce(' ~ group_type ~ ', ' ~ unknown ~ ')' }} as group_name,
        cost
    from treatments
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        entity_type,
        group_type,
        group_name,
        treatment,
        cast(count(*) as integer) as entities,
        -- costs by a metric that an entity does not have are unknown
        cast(count(cost) as integer) as entities_with_cost,
        cast(coalesce(sum(cost), 0) as numeric(38, 6)) as cost,
        {{ as_of_date() }} as as_of_date
    from grouped
    group by
        entity_type,
        group_type,
        group_name,
        treatment
)

select * from final
