{{ config(materialized='view') }}

{{ segment_evidence('rep') }}
