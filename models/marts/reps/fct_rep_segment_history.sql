{{ config(materialized='stepwise') }}

{{ segment_history('rep') }}
