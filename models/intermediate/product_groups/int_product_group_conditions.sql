{{ config(materialized='view') }}

{{ segment_conditions('product_group') }}
