-- Every row of history names the segment of the row before, and its run counts on from it.
{%- for entity_type in ['store', 'rep', 'product_group'] %}
{%- set key = entity_type ~ '_id' %}
{% if not loop.first %}union all{% endif %}
select
    '{{ entity_type }}' as entity_type,
    later.{{ key }} as entity_id,
    later.scheme,
    later.period_index
from {{ in_touched_periods(ref('fct_' ~ entity_type ~ '_segment_history')) }} as later
left join {{ in_touched_periods(ref('fct_' ~ entity_type ~ '_segment_history'), back=1) }} as earlier
    on
        later.{{ key }} = earlier.{{ key }}
        and later.scheme = earlier.scheme
        and later.period_index = earlier.period_index + 1
where
    later.is_change <> (earlier.segment is not null and later.segment <> earlier.segment)
    or coalesce(later.previous_segment, '') <> coalesce(earlier.segment, '')
    or later.periods_in_segment
    <> case when later.segment = earlier.segment then earlier.periods_in_segment + 1 else 1 end
{%- endfor %}
