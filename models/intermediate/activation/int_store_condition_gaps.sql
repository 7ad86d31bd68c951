{{ config(materialized='view') }}
{{ condition_gaps('store') }}
