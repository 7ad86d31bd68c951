{{ config(materialized='stepwise', inputs='int_store_candidates') }}

{{ segment_history('store') }}
