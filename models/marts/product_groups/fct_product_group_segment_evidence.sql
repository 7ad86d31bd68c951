{{ config(materialized='view') }}

{{ segment_evidence('product_group') }}
