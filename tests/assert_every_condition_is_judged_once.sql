-- Every condition has exactly one state for every entity in whose schemes it stands and every period of its life:
-- by condition and period the entities of the states are those of the spine (compared by number and sum of hashes).
-- A test of unique keys would sort the longest table there is.
with
{% for entity_type in ['store', 'rep', 'product_group'] %}
{%- set key = entity_type ~ '_id' %}
{{ entity_type }}_members as (
    select
        members.scheme,
        members.scope_key,
        spine.period_index,
        count(*) as entities,
        sum({{ row_hash(['spine.' ~ key]) }}) as content
    from {{ in_touched_periods(ref('int_' ~ entity_type ~ '_periods')) }} as spine
    inner join {{ ref('int_' ~ entity_type ~ '_schemes') }} as members on spine.{{ key }} = members.{{ key }}
    group by members.scheme, members.scope_key, spine.period_index
),

{{ entity_type }}_states as (
    select
        rules.condition_id,
        rules.period_index,
        members.entities as entities_wanted,
        members.content as content_wanted,
        0 as entities_found,
        0 as content_found
    from {{ entity_type }}_members as members
    inner join {{ ref('int_rules_by_period') }} as rules
        on
            members.scheme = rules.scheme
            and members.scope_key = rules.scope_key
            and members.period_index = rules.period_index
    where rules.entity_type = '{{ entity_type }}'
    union all
    select
        condition_id,
        period_index,
        0 as entities_wanted,
        0 as content_wanted,
        count(*) as entities_found,
        sum({{ row_hash([key]) }}) as content_found
    from {{ in_touched_periods(ref('int_' ~ entity_type ~ '_segment_states')) }} as states
    group by condition_id, period_index
),
{% endfor %}
compared as (
    {%- for entity_type in ['store', 'rep', 'product_group'] %}
    select
        '{{ entity_type }}' as entity_type,
        condition_id,
        period_index,
        sum(entities_wanted) as entities_wanted,
        sum(entities_found) as entities_found,
        sum(content_wanted) as content_wanted,
        sum(content_found) as content_found
    from {{ entity_type }}_states
    group by condition_id, period_index
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select *
from compared
where entities_wanted <> entities_found or content_wanted <> content_found
