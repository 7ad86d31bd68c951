{{ config(materialized='view') }}

{{ segment_conditions('rep') }}
