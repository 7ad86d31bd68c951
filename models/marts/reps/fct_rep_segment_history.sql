{{ config(materialized='stepwise', inputs='int_rep_candidates') }}

{{ segment_history('rep') }}
