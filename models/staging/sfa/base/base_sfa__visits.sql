{{ config(materialized='judged') }}

{{ judged_rows('sfa_visits',
    columns={
        'visit_id': 'string',
        'store_id': 'string',
        'rep_id': 'string',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'is_planned': 'boolean',
        'status': 'string',
        'mandatory_steps': 'integer',
        'completed_steps': 'integer',
    },
    key=['visit_id'],
    event_time='started_at',
    accepted={'status': ['done', 'missed', 'cancelled']}
) }}
