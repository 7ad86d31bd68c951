-- Every entity has exactly one segment in every scheme that applies to it and every period of its life.
with
{% for entity_type in ['store', 'rep', 'product_group'] %}
{%- set key = entity_type ~ '_id' %}
{{ entity_type }}_wanted as (
    select
        spine.{{ key }} as entity_id,
        members.scheme,
        spine.period_index
    from {{ in_touched_periods(ref('int_' ~ entity_type ~ '_periods')) }} as spine
    inner join {{ ref('int_' ~ entity_type ~ '_schemes') }} as members on spine.{{ key }} = members.{{ key }}
),

{{ entity_type }}_found as (
    select
        {{ key }} as entity_id,
        scheme,
        period_index,
        count(*) as segments
    from {{ in_touched_periods(ref('fct_' ~ entity_type ~ '_segment_history')) }} as history
    where segment is not null
    group by {{ key }}, scheme, period_index
),

{{ entity_type }}_compared as (
    select
        '{{ entity_type }}' as entity_type,
        coalesce(wanted.entity_id, found.entity_id) as entity_id,
        coalesce(wanted.scheme, found.scheme) as scheme,
        coalesce(wanted.period_index, found.period_index) as period_index,
        wanted.entity_id is not null as is_wanted,
        coalesce(found.segments, 0) as segments
    from {{ entity_type }}_wanted as wanted
    full outer join {{ entity_type }}_found as found
        on
            wanted.entity_id = found.entity_id
            and wanted.scheme = found.scheme
            and wanted.period_index = found.period_index
),
{% endfor %}
compared as (
    select * from store_compared
    union all
    select * from rep_compared
    union all
    select * from product_group_compared
)

select *
from compared
where not is_wanted or segments <> 1
