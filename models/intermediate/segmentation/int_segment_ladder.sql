-- The default of a classification need not be listed, and a segment need not have rules.
with segments as (
    select * from {{ ref('policy_segments') }}
),

rule_groups as (
    select
        entity_type,
        scheme,
        segment,
        min(group_bit) as lowest_group,
        max(group_bit) as highest_group
    from {{ ref('int_rule_groups') }}
    group by entity_type, scheme, segment
),

final as (
    select
        segments.entity_type,
        segments.scheme,
        segments.segment,
        segments.precedence,
        segments.level,
        segments.is_default,
        rule_groups.lowest_group,
        -- the groups of a segment are neighbours
        2 * rule_groups.highest_group - 1 as groups_so_far,
        2 * rule_groups.highest_group - rule_groups.lowest_group as own_groups,
        lag(segments.segment) over (
            partition by segments.entity_type, segments.scheme order by segments.level, segments.precedence
        ) as next_lower_segment
    from segments
    left join rule_groups
        on
            segments.entity_type = rule_groups.entity_type
            and segments.scheme = rule_groups.scheme
            and segments.segment = rule_groups.segment
)

select * from final
