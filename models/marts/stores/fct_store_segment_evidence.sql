{{ config(materialized='stepwise', inputs='int_store_conditions') }}

{{ segment_evidence('store') }}
