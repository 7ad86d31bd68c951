-- Which policy lines speak for whom: a line for its own scope and, where scopes are paths, for
-- everything below it; `*` for all.
with rules as (
    select * from {{ ref('policy_segment_rules') }}
),

schemes as (
    select * from {{ ref('policy_schemes') }}
),

scope_keys as (
    select
        entity_type,
        scheme,
        scope as scope_key
    from rules
    union
    select
        entity_type,
        scheme,
        '*' as scope_key
    from schemes
),

final as (
    select
        rules.*,
        scope_keys.scope_key
    from rules
    inner join scope_keys
        on
            rules.entity_type = scope_keys.entity_type
            and rules.scheme = scope_keys.scheme
            and rules.scope = scope_keys.scope_key
    union all
    select
        rules.*,
        scope_keys.scope_key
    from rules
    inner join scope_keys on rules.entity_type = scope_keys.entity_type and rules.scheme = scope_keys.scheme
    where rules.scope = '*' and scope_keys.scope_key <> '*'
    union all
    select
        rules.*,
        scope_keys.scope_key
    from rules
    inner join schemes
        on
            rules.entity_type = schemes.entity_type
            and rules.scheme = schemes.scheme
            and schemes.scope_attribute = 'store_group'
    inner join scope_keys
        on
            rules.entity_type = scope_keys.entity_type
            and rules.scheme = scope_keys.scheme
            and substr(scope_keys.scope_key, 1, length(rules.scope) + 1) = rules.scope || '/'
)

select * from final
