{{ explanations('product_group') }}
