{{ config(materialized='stepwise', contract={'enforced': true}) }}

{{ segment_states('product_group') }}
