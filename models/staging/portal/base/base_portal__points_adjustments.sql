{{ config(materialized='judged') }}

{{ judged_rows('portal_points_adjustments',
    columns={
        'adjustment_id': 'string',
        'store_id': 'string',
        'points': 'numeric(18,4)',
        'granted_at': 'timestamp',
        'granted_by': 'string',
        'reason': 'string',
    },
    key=['adjustment_id'],
    event_time='granted_at',
    amounts=['points']
) }}
