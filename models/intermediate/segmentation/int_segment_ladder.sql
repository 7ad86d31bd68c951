-- The bit lets the engine hand over a set of segments as one number; the default of a classification
-- need not be listed.
with segments as (
    select * from {{ ref('policy_segments') }}
),

numbered as (
    select
        *,
        row_number() over (partition by entity_type, scheme order by precedence, {{ bytewise('segment') }}) - 1
            as segment_number
    from segments
),

final as (
    select
        entity_type,
        scheme,
        segment,
        precedence,
        level,
        is_default,
        cast(power(2, segment_number) as bigint) as segment_bit,
        lag(segment) over (partition by entity_type, scheme order by level, precedence) as next_lower_segment
    from numbered
)

select * from final
