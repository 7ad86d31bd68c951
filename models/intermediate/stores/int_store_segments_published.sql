{{ config(materialized='view') }}

{{ segments_as_published('store') }}
