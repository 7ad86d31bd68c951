{{ config(materialized='periodic') }}
{{ entity_scores('product_group') }}
