{{ config(materialized='judged') }}

{{ judged_rows('market_category_sales',
    columns={
        'store_id': 'string',
        'category': 'string',
        'period_start_date': 'date',
        'own_sales': 'numeric(18,4)',
        'category_sales': 'numeric(18,4)',
    },
    key=['store_id', 'category', 'period_start_date'],
    event_time='period_start_date',
    amounts=['own_sales', 'category_sales']
) }}
