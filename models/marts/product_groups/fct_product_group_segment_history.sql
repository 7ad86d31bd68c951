{{ config(materialized='stepwise', inputs='int_product_group_candidates') }}

{{ segment_history('product_group') }}
