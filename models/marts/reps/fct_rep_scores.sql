{{ config(materialized='periodic') }}
{{ entity_scores('rep') }}
