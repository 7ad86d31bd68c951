{{ config(materialized='view') }}

{{ segment_candidates('product_group') }}
