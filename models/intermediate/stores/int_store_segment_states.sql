{{ config(
    materialized='stepwise',
    contract={'enforced': true},
    inputs='int_store_conditions',
    compared=['store_id', 'condition_id', 'line_content', 'value']
) }}

{{ segment_states('store') }}
