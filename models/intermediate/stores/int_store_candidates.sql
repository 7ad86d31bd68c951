{{ config(materialized='view') }}

{{ segment_candidates('store') }}
