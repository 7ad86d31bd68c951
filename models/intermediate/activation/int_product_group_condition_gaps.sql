{{ config(materialized='view') }}
{{ condition_gaps('product_group') }}
