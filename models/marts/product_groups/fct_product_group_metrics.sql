{{ config(materialized='periodic') }}
{{ entity_metrics('product_group') }}
