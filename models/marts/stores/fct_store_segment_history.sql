{{ config(materialized='stepwise') }}

{{ segment_history('store') }}
