{{ config(materialized='judged') }}

{{ judged_rows('crm_interactions',
    columns={
        'interaction_id': 'string',
        'store_id': 'string',
        'occurred_at': 'timestamp',
        'channel': 'string',
        'minutes': 'numeric(18,4)',
    },
    key=['interaction_id'],
    event_time='occurred_at'
) }}
