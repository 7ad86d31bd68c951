{{ config(materialized='judged') }}

{{ judged_rows('portal_events',
    columns={
        'event_id': 'string',
        'store_id': 'string',
        'occurred_at': 'timestamp',
        'event_type': 'string',
    },
    key=['event_id'],
    event_time='occurred_at'
) }}
