{{ config(materialized='view') }}
{{ segment_signals('store') }}
