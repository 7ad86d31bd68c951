{{ config(materialized='view') }}
{{ score_contributions('rep') }}
