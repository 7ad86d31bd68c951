{{ segments_current('product_group') }}
