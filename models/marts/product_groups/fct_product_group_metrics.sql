{{ entity_metrics('product_group') }}
