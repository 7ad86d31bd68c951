{{ entity_metrics('store') }}
