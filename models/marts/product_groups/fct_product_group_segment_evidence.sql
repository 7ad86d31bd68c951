{{ config(materialized='stepwise', inputs='int_product_group_conditions') }}

{{ segment_evidence('product_group') }}
