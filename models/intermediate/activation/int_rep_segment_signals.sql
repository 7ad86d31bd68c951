{{ config(materialized='view') }}
{{ segment_signals('rep') }}
