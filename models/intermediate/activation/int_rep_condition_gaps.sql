{{ config(materialized='view') }}
{{ condition_gaps('rep') }}
