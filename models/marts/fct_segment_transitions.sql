{{ config(materialized='periodic') }}
with transitions as (
    {{ segment_transitions('store') }}
    union all
    {{ segment_transitions('rep') }}
    union all
    {{ segment_transitions('product_group') }}
)

select * from transitions
