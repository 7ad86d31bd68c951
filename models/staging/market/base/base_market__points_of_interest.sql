{{ config(materialized='judged') }}

{{ judged_rows('market_points_of_interest',
    columns={
        'poi_id': 'string',
        'poi_type': 'string',
        'latitude': 'numeric(18,6)',
        'longitude': 'numeric(18,6)',
    },
    key=['poi_id']
) }}
