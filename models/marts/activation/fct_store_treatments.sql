{{ treatments_by_entity('store') }}
