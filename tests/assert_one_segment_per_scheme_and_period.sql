-- Every entity has exactly one segment in every scheme that applies to it and every period of its life.
{%- for entity_type in ['store', 'rep', 'product_group'] %}
{%- set key = entity_type ~ '_id' %}
{% if not loop.first %}union all{% endif %}
select
    '{{ entity_type }}' as entity_type,
    coalesce(wanted.{{ key }}, history.{{ key }}) as entity_id,
    coalesce(wanted.scheme, history.scheme) as scheme,
    coalesce(wanted.period_index, history.period_index) as period_index,
    coalesce(history.row_count, 0) as segments
from (
    select spine.{{ key }}, members.scheme, spine.period_index
    from {{ ref('int_' ~ entity_type ~ '_periods') }} as spine
    inner join {{ ref('int_' ~ entity_type ~ '_schemes') }} as members on spine.{{ key }} = members.{{ key }}
) as wanted
full outer join (
    select {{ key }}, scheme, period_index, count(*) as row_count
    from {{ ref('fct_' ~ entity_type ~ '_segment_history') }}
    where segment is not null
    group by {{ key }}, scheme, period_index
) as history
    on
        wanted.{{ key }} = history.{{ key }}
        and wanted.scheme = history.scheme
        and wanted.period_index = history.period_index
where wanted.{{ key }} is null or coalesce(history.row_count, 0) <> 1
{%- endfor %}
