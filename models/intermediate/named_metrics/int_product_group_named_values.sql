{{ named_values('product_group') }}
