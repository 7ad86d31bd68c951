{{ config(materialized='judged') }}

{{ judged_rows('erp_order_lines',
    columns={
        'order_id': 'string',
        'line_number': 'integer',
        'product_id': 'string',
        'quantity': 'numeric(18,4)',
        'net_amount': 'numeric(18,4)',
        'discount_amount': 'numeric(18,4)',
    },
    key=['order_id', 'line_number'],
    amounts=['net_amount'],
    parent={
        'relation': ref('stg_erp__orders'),
        'on': 'typed.order_id = parents.order_id',
        'column': 'order_id',
        'reason': 'unknown_order',
        'happened_on': 'cast(parents.ordered_at as date)',
        'carried': {
            'store_id': "coalesce(parents.store_id, 'unknown')",
            'ordered_on': 'cast(parents.ordered_at as date)',
            'status': 'parents.status',
        },
    }
) }}
