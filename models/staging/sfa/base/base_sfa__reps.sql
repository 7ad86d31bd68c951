{#- It holds contact data, which stand in a schema of their own. -#}
{{ config(materialized='judged', schema='contacts') }}

{{ judged_rows('sfa_reps',
    columns={
        'rep_id': 'string',
        'rep_name': 'string',
        'region': 'string',
        'manager_id': 'string',
        'hired_on': 'date',
        'left_on': 'date',
        'email': 'string',
    },
    key=['rep_id']
) }}
