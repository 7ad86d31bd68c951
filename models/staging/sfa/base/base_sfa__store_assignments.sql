{{ config(materialized='judged') }}

{{ judged_rows('sfa_store_assignments',
    columns={
        'store_id': 'string',
        'rep_id': 'string',
        'valid_from': 'date',
        'valid_to': 'date',
    },
    key=['store_id', 'rep_id', 'valid_from']
) }}
