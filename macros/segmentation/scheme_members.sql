{#- Which schemes apply to which entity, and under which scope its rules are looked up: the longest of
    its values of the scheme's scope attribute that any rule of the scheme names, else `*`.
    Reads today's attributes, so history is restated by them, over the entity's life. Grain: entity x scheme.
    `entities` is the where clause that says who takes part in segmentation. -#}
{% macro scheme_members(entity_type, entities='1 = 1') %}
{%- set key = entity_type ~ '_id' -%}
with entities as (
    select {{ key }}, first_period_index, last_period_index
    from {{ ref('int_' ~ entity_type ~ '_lives') }}
    where {{ entities }}
),

schemes as (
    select * from {{ ref('policy_schemes') }} where entity_type = '{{ entity_type }}'
),

attributes as (
    select {{ key }}, attribute, value from {{ ref('int_' ~ entity_type ~ '_attributes') }}
),

scopes as (
    select distinct scheme, scope
    from {{ ref('policy_segment_rules') }}
    where entity_type = '{{ entity_type }}' and scope <> '*'
),

applying as (
    select entities.{{ key }}, schemes.scheme, schemes.scope_attribute
    from entities
    cross join schemes
    where schemes.applies_to_attribute is null
    union all
    select distinct entities.{{ key }}, schemes.scheme, schemes.scope_attribute
    from entities
    inner join attributes on entities.{{ key }} = attributes.{{ key }}
    inner join schemes
        on attributes.attribute = schemes.applies_to_attribute and attributes.value = schemes.applies_to_value
),

-- of several prefixes of one path that rules name, the longest
named_scopes as (
    select
        applying.{{ key }},
        applying.scheme,
        scopes.scope,
        row_number() over (
            partition by applying.{{ key }}, applying.scheme
            order by length(scopes.scope) desc, {{ bytewise('scopes.scope') }}
        ) as scope_rank
    from applying
    inner join attributes
        on applying.{{ key }} = attributes.{{ key }} and applying.scope_attribute = attributes.attribute
    inner join scopes on applying.scheme = scopes.scheme and attributes.value = scopes.scope
),

final as (
    select
        applying.{{ key }},
        applying.scheme,
        coalesce(named_scopes.scope, '*') as scope_key,
        entities.first_period_index,
        entities.last_period_index
    from applying
    inner join entities on applying.{{ key }} = entities.{{ key }}
    left join named_scopes
        on
            applying.{{ key }} = named_scopes.{{ key }}
            and applying.scheme = named_scopes.scheme
            and named_scopes.scope_rank = 1
)

select * from final
{% endmacro %}
