-- The conditions, typed, one row per version and scope; blank exits are the enter thresholds.
-- depends_on: {{ ref('policy_gate') }}
with

lines as ({{ policy_lines('segment_rules') }}
),

final as (
    select
        -- The identity that carries state and streaks over changes of thresholds and scope.
        {{ text_to_bigint(
            "entity_type || '|' || scheme || '|' || segment || '|' || rule_group || '|' || metric || '|' || operator"
        ) }} as condition_id,
        entity_type,
        scheme,
        segment,
        rule_group,
        metric,
        operator,
        enter_threshold,
        coalesce(exit_threshold, enter_threshold) as exit_threshold,
        enter_after,
        exit_after,
        hold_periods,
        expire_after,
        scope,
        valid_from,
        valid_to
    from lines
)

select * from final
