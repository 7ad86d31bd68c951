{{ config(materialized='judged') }}

{{ judged_rows('market_external_metrics',
    columns={
        'entity_type': 'string',
        'entity_id': 'string',
        'metric': 'string',
        'measured_on': 'date',
        'value': 'numeric(18,6)',
    },
    key=['entity_type', 'entity_id', 'metric', 'measured_on'],
    event_time='measured_on',
    amounts=['value'],
    accepted={'entity_type': ['store', 'rep', 'product_group']}
) }}
