{{ config(
    materialized='stepwise',
    contract={'enforced': true},
    inputs='int_product_group_conditions',
    compared=['product_group_id', 'condition_id', 'line_content', 'value']
) }}

{{ segment_states('product_group') }}
