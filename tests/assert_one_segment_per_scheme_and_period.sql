-- Every entity has exactly one segment in every scheme that applies to it and every period of its life: by
-- scheme and period the entities of history are those of the spine (compared by number and sum of hashes).
with
{% for entity_type in ['store', 'rep', 'product_group'] %}
{%- set key = entity_type ~ '_id' %}
{{ entity_type }}_entities as (
    select
        members.scheme,
        spine.period_index,
        count(*) as entities_wanted,
        sum({{ row_hash(['spine.' ~ key]) }}) as content_wanted,
        0 as entities_found,
        0 as content_found
    from {{ in_touched_periods(ref('int_' ~ entity_type ~ '_periods')) }} as spine
    inner join {{ ref('int_' ~ entity_type ~ '_schemes') }} as members on spine.{{ key }} = members.{{ key }}
    group by members.scheme, spine.period_index
    union all
    select
        scheme,
        period_index,
        0 as entities_wanted,
        0 as content_wanted,
        count(*) as entities_found,
        sum({{ row_hash([key]) }}) as content_found
    from {{ in_touched_periods(ref('fct_' ~ entity_type ~ '_segment_history')) }} as history
    where segment is not null
    group by scheme, period_index
),
{% endfor %}
compared as (
    {%- for entity_type in ['store', 'rep', 'product_group'] %}
    select
        '{{ entity_type }}' as entity_type,
        scheme,
        period_index,
        sum(entities_wanted) as entities_wanted,
        sum(entities_found) as entities_found,
        sum(content_wanted) as content_wanted,
        sum(content_found) as content_found
    from {{ entity_type }}_entities
    group by scheme, period_index
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select *
from compared
where entities_wanted <> entities_found or content_wanted <> content_found
