{{ config(materialized='view') }}

{{ segment_conditions('store') }}
