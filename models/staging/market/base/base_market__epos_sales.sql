{{ config(materialized='judged') }}

{{ judged_rows('market_epos_sales',
    columns={
        'store_id': 'string',
        'product_id': 'string',
        'sold_on': 'date',
        'quantity': 'numeric(18,4)',
        'amount': 'numeric(18,4)',
    },
    key=['store_id', 'product_id', 'sold_on'],
    event_time='sold_on',
    amounts=['amount']
) }}
