{{ config(materialized='judged') }}

{{ judged_rows('erp_products',
    columns={
        'product_id': 'string',
        'product_name': 'string',
        'product_group': 'string',
        'brand': 'string',
        'category': 'string',
        'unit_cost': 'numeric(18,6)',
        'list_price': 'numeric(18,6)',
    },
    key=['product_id']
) }}
