-- Effective dates and scopes are resolved here, once, so that the engine only joins.
with rules as (
    select * from {{ ref('policy_segment_rules') }}
),

schemes as (
    select * from {{ ref('policy_schemes') }}
),

periods as (
    select * from {{ ref('int_periods') }} where is_closed
),

conditions as (
    select distinct
        condition_id,
        entity_type,
        scheme,
        segment,
        rule_group,
        metric,
        operator
    from rules
),

scope_keys as (
    select distinct entity_type, scheme, scope as scope_key from rules
    union
    select entity_type, scheme, '*' as scope_key from schemes
),

-- a line speaks for its own scope and, for a path, for everything below it; `*` speaks for all
matches as (
    select rules.*, scope_keys.scope_key
    from rules
    inner join scope_keys
        on
            rules.entity_type = scope_keys.entity_type
            and rules.scheme = scope_keys.scheme
            and rules.scope = scope_keys.scope_key
    union all
    select rules.*, scope_keys.scope_key
    from rules
    inner join scope_keys on rules.entity_type = scope_keys.entity_type and rules.scheme = scope_keys.scheme
    where rules.scope = '*' and scope_keys.scope_key <> '*'
    union all
    select rules.*, scope_keys.scope_key
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
),

in_force as (
    select
        matches.*,
        periods.period_index,
        row_number() over (
            partition by matches.condition_id, matches.scope_key, periods.period_index
            order by
                case when matches.scope = '*' then 1 else 0 end,
                length(matches.scope) desc,
                {{ bytewise('matches.scope') }},
                matches.valid_from desc nulls last
        ) as line_rank
    from matches
    inner join periods
        on
            coalesce(matches.valid_from, periods.period_end_date) <= periods.period_end_date
            and (matches.valid_to is null or matches.valid_to > periods.period_end_date)
),

final as (
    select
        conditions.entity_type,
        conditions.scheme,
        scope_keys.scope_key,
        periods.period_index,
        conditions.condition_id,
        conditions.segment,
        conditions.rule_group,
        conditions.metric,
        conditions.operator,
        in_force.enter_threshold,
        in_force.exit_threshold,
        in_force.enter_after,
        in_force.exit_after,
        in_force.hold_periods,
        in_force.expire_after,
        in_force.condition_id is not null as is_in_force
    from conditions
    inner join scope_keys
        on conditions.entity_type = scope_keys.entity_type and conditions.scheme = scope_keys.scheme
    cross join periods
    left join in_force
        on
            conditions.condition_id = in_force.condition_id
            and scope_keys.scope_key = in_force.scope_key
            and periods.period_index = in_force.period_index
            and in_force.line_rank = 1
)

select * from final
