{{ treatments_by_entity('product_group') }}
