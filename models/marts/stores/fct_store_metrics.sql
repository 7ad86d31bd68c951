{{ config(materialized='periodic') }}
{{ entity_metrics('store') }}
