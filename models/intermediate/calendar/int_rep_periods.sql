{{ config(materialized='view') }}
{{ entity_periods(ref('int_rep_lives'), 'rep_id') }}
