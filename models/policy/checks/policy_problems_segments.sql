-- One row per line of segments.csv that does not fit its scheme.
with

schemes as ({{ policy_lines('schemes') }}
),

segments as ({{ policy_lines('segments') }}
),

segment_lines as (
    select
        segments.*,
        schemes.kind,
        schemes.scheme as known_scheme
    from segments
    left join schemes
        on segments.entity_type = schemes.entity_type and segments.scheme = schemes.scheme
),

problems as (
    {{ policy_problem(
        'unknown_scheme', 'segments',
        "'scheme \"' || scheme || '\" of ' || entity_type || ' is not in schemes.csv'",
        "'add its line to schemes.csv, or correct the name'",
    ) }}
    from segment_lines
    where known_scheme is null and scheme is not null

    union all
    {{ policy_problem(
        'ranked_classification', 'segments',
        "'a classification has no levels and its default is UNKNOWN'",
        "'leave level blank, and is_default blank or false but for UNKNOWN'",
    ) }}
    from segment_lines
    where
        kind = 'classification'
        and (level is not null or (is_default and segment <> 'UNKNOWN'))
)

select * from problems
