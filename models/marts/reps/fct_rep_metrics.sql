{{ entity_metrics('rep') }}
