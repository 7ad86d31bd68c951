{{ config(materialized='view') }}
{{ entity_periods(ref('int_store_lives'), 'store_id') }}
