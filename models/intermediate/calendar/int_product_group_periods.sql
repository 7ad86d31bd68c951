{{ config(materialized='view') }}
{{ entity_periods(ref('int_product_group_lives'), 'product_group_id') }}
