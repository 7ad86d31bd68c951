{{ segment_outlooks('product_group') }}
