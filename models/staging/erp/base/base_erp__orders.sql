{{ config(materialized='judged') }}

{{ judged_rows('erp_orders',
    columns={
        'order_id': 'string',
        'store_id': 'string',
        'ordered_at': 'timestamp',
        'status': 'string',
        'order_channel': 'string',
        'rep_id': 'string',
        'supplier_id': 'string',
        'currency': 'string',
    },
    key=['order_id'],
    event_time='ordered_at',
    accepted={'status': ['placed', 'invoiced', 'cancelled', 'returned']},
    currency='currency'
) }}
