{{ config(materialized='stepwise', contract={'enforced': true}) }}

{{ segment_states('store') }}
