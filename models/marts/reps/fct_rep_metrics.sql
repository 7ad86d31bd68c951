{{ config(materialized='periodic') }}
{{ entity_metrics('rep') }}
