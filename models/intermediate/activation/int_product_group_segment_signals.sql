{{ config(materialized='view') }}
{{ segment_signals('product_group') }}
