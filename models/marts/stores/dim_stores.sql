{{ config(contract={'enforced': false}) }}
-- without a contract: the segment columns follow var dim_schemes

with stores as (
    select * from {{ ref('int_stores') }}
),

lives as (
    select * from {{ ref('int_store_lives') }}
),

segments as (
    select
        store_id,
        {{ segment_columns('store') }}
    from {{ ref('fct_store_segments_current') }}
    group by store_id
),

final as (
    select
        stores.store_id,
        stores.store_name,
        stores.channel,
        stores.store_group_path,
        stores.legal_type,
        stores.industry,
        stores.region,
        stores.city,
        stores.latitude,
        stores.longitude,
        stores.opened_on,
        stores.closed_on,
        stores.customer_since,
        stores.is_served,
        stores.is_inferred,
        {%- for scheme in var('dim_schemes', {}).get('store', []) %}
        segments.{{ scheme }}_segment,
        {%- endfor %}
        lives.starts_on as life_starts_on,
        coalesce(lives.is_active, false) as is_active
    from stores
    left join lives on stores.store_id = lives.store_id
    left join segments on stores.store_id = segments.store_id
)

select * from final
