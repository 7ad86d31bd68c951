-- The rule groups of a scheme are numbered up the ladder and stand for one bit each, so that the engine can
-- hand over a set of groups as one number, and the highest group of a set belongs to its highest segment.
with rules as (
    select distinct
        condition_id,
        entity_type,
        scheme,
        segment,
        rule_group
    from {{ ref('policy_segment_rules') }}
),

segments as (
    select * from {{ ref('policy_segments') }}
),

numbered as (
    select
        rules.*,
        dense_rank() over (
            partition by rules.entity_type, rules.scheme
            order by segments.precedence, {{ bytewise('rules.segment') }}, {{ bytewise('rules.rule_group') }}
        ) as group_number
    from rules
    inner join segments
        on
            rules.entity_type = segments.entity_type
            and rules.scheme = segments.scheme
            and rules.segment = segments.segment
),

final as (
    select
        condition_id,
        entity_type,
        scheme,
        segment,
        cast(power(2, group_number - 1) as bigint) as group_bit,
        -- every group of the scheme
        2 * cast(power(2, max(group_number) over (partition by entity_type, scheme) - 1) as bigint) - 1 as all_groups
    from numbered
)

select * from final
