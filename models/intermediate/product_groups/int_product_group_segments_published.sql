{{ config(materialized='view') }}

{{ segments_as_published('product_group') }}
