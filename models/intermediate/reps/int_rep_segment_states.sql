{{ config(
    materialized='stepwise',
    contract={'enforced': true},
    inputs='int_rep_conditions',
    compared=['rep_id', 'condition_id', 'line_content', 'value']
) }}

{{ segment_states('rep') }}
