{{ config(materialized='stepwise', inputs='int_rep_conditions') }}

{{ segment_evidence('rep') }}
