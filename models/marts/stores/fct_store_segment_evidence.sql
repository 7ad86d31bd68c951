{{ config(materialized='view') }}

{{ segment_evidence('store') }}
