{{ config(materialized='judged') }}

{{ judged_rows('erp_complaints',
    columns={
        'complaint_id': 'string',
        'store_id': 'string',
        'product_id': 'string',
        'channel': 'string',
        'opened_at': 'timestamp',
        'closed_at': 'timestamp',
    },
    key=['complaint_id'],
    event_time='opened_at'
) }}
