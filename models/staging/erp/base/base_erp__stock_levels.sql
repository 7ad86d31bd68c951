{{ config(materialized='judged') }}

{{ judged_rows('erp_stock_levels',
    columns={
        'product_id': 'string',
        'warehouse_id': 'string',
        'stock_date': 'date',
        'quantity': 'numeric(18,4)',
    },
    key=['product_id', 'warehouse_id', 'stock_date'],
    event_time='stock_date',
    amounts=['quantity']
) }}
