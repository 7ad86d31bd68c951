{{ config(materialized='view') }}
{{ score_contributions('store') }}
