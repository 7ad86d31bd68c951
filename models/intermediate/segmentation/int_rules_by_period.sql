-- Effective dates and scopes are resolved here, once, so that the engine only joins.
with scoped_rules as (
    select * from {{ ref('int_rules_by_scope') }}
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
    from scoped_rules
),

-- `*` also where no line has it: an entity without a line has the condition unmet, not unasked
scope_keys as (
    select
        entity_type,
        scheme,
        scope_key
    from scoped_rules
    union
    select
        entity_type,
        scheme,
        '*' as scope_key
    from scoped_rules
),

in_force as (
    select
        scoped_rules.*,
        periods.period_index,
        row_number() over (
            partition by scoped_rules.condition_id, scoped_rules.scope_key, periods.period_index
            order by
                case when scoped_rules.scope = '*' then 1 else 0 end,
                length(scoped_rules.scope) desc,
                {{ bytewise('scoped_rules.scope') }},
                scoped_rules.valid_from desc nulls last
        ) as line_rank
    from scoped_rules
    inner join periods
        on
            coalesce(scoped_rules.valid_from, periods.period_end_date) <= periods.period_end_date
            and (scoped_rules.valid_to is null or scoped_rules.valid_to > periods.period_end_date)
),

resolved as (
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
),

final as (
    select
        *,
        -- one number for all that the line says: what a step records of it
        {{ text_to_bigint(line_text([
            'operator', 'enter_threshold', 'exit_threshold', 'enter_after', 'exit_after', 'hold_periods',
            'expire_after', 'is_in_force',
        ])) }} as line_content
    from resolved
)

select * from final
