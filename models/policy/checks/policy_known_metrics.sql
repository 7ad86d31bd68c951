-- Every metric that a policy line may name: what the project computes, what policy defines, what data bring.
with

built_in as ({{ known_metrics_rows() }}
),

external_metrics as ({{ policy_lines('external_metrics') }}
),

flags as ({{ policy_lines('attribute_flags') }}
),

weights as ({{ policy_lines('score_weights') }}
),

points_of_interest as (
    select distinct poi_type from {{ ref('stg_market__points_of_interest') }}
),

names as (
    select
        entity_type,
        metric,
        'built_in' as origin
    from built_in
    union all
    select
        entity_type,
        metric,
        'external_metrics.csv' as origin
    from external_metrics
    union all
    select
        entity_type,
        metric,
        'attribute_flags.csv' as origin
    from flags
    union all
    select distinct
        entity_type,
        score as metric,
        'score_weights.csv' as origin
    from weights
    union all
    select distinct
        entity_type,
        metric,
        'data' as origin
    from {{ ref('stg_market__external_metrics') }}
    union all
    select distinct
        'store' as entity_type,
        attribute as metric,
        'data' as origin
    from {{ ref('stg_sfa__store_attributes') }}
    union all
    select
        'store' as entity_type,
        {{ distance_metric('poi_type') }} as metric,
        'data' as origin
    from points_of_interest
),

final as (
    select distinct
        cast(entity_type as {{ dbt.type_string() }}) as entity_type,
        cast(metric as {{ dbt.type_string() }}) as metric,
        cast(origin as {{ dbt.type_string() }}) as origin
    from names
    where entity_type <> '' and metric <> ''
)

select * from final
