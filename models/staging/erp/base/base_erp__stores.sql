{#- It holds contact data, which stand in a schema of their own. -#}
{{ config(materialized='judged', schema='contacts') }}

{{ judged_rows('erp_stores',
    columns={
        'store_id': 'string',
        'store_name': 'string',
        'channel': 'string',
        'store_group_path': 'string',
        'legal_type': 'string',
        'industry': 'string',
        'region': 'string',
        'city': 'string',
        'latitude': 'numeric(18,6)',
        'longitude': 'numeric(18,6)',
        'opened_on': 'date',
        'closed_on': 'date',
        'customer_since': 'date',
        'is_served': 'boolean',
        'contact_email': 'string',
        'contact_phone': 'string',
    },
    key=['store_id']
) }}
