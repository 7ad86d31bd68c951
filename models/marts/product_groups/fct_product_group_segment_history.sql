{{ config(materialized='stepwise') }}

{{ segment_history('product_group') }}
