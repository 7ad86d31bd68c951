{{ config(materialized='judged') }}

{{ judged_rows('sfa_store_attributes',
    columns={
        'store_id': 'string',
        'attribute': 'string',
        'value': 'string',
        'recorded_at': 'timestamp',
        'recorded_by': 'string',
    },
    key=['store_id', 'attribute', 'recorded_at'],
    event_time='recorded_at'
) }}
