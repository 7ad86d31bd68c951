{{ treatments_by_entity('rep') }}
