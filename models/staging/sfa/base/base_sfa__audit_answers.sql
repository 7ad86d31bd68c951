{{ config(materialized='judged') }}

{{ judged_rows('sfa_audit_answers',
    columns={
        'visit_id': 'string',
        'kpi': 'string',
        'value': 'numeric(18,6)',
    },
    key=['visit_id', 'kpi'],
    amounts=['value'],
    parent={
        'relation': ref('stg_sfa__visits'),
        'on': 'typed.visit_id = parents.visit_id',
        'column': 'visit_id',
        'reason': 'unknown_visit',
        'happened_on': 'cast(parents.started_at as date)',
    }
) }}
