{{ config(materialized='view') }}
{{ score_contributions('product_group') }}
