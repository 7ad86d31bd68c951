{{ config(materialized='view') }}

{{ segment_candidates('rep') }}
