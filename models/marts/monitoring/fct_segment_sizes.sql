{{ config(materialized='periodic') }}
{%- for entity_type in ['store', 'rep', 'product_group'] %}
select
    '{{ entity_type }}' as entity_type,
    scheme,
    segment,
    period_index,
    period_start_date,
    cast(count(*) as integer) as entities,
    cast(count(case when is_change then 1 end) as integer) as arrived
from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
where period_index >= {{ from_period() }}
group by
    scheme,
    segment,
    period_index,
    period_start_date
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
