{{ config(materialized='periodic') }}
{{ entity_scores('store') }}
