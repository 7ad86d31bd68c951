-- One row per name by which parts of the policy find each other and which is not there.
-- depends_on: {{ ref('policy_gate') }}
with

segments as ({{ policy_lines('segments') }}
),

standards as ({{ policy_lines('perfect_store_standards') }}
),

default_set as (
    select
        count(*) as lines,
        count(case when standard_set = 'DEFAULT' then 1 end) as default_lines
    from standards
),

top_client as (
    select count(*) as lines
    from segments
    where
        entity_type = 'store'
        and scheme = '{{ var("top_client_scheme", "perfect_store") }}'
        and segment = '{{ var("top_client_segment", "TOP") }}'
),

remarks as (
    {{ policy_problem(
        'no_default_standards', 'perfect_store_standards',
        "'there is no standard_set DEFAULT: stores of other channels and display segments are not scored'",
        "'add lines of standard_set DEFAULT, unless it is meant'",
        line_key="'DEFAULT'",
    ) }}
    from default_set
    where lines > 0 and default_lines = 0

    union all
    {{ policy_problem(
        'no_top_client_segment', 'segments',
        "'the segment that makes a store a top client is not there: top_client_ratio is 0'",
        "'add the segment, or set vars top_client_scheme and top_client_segment'",
        line_key="'store|" ~ var('top_client_scheme', 'perfect_store') ~ '|' ~ var('top_client_segment', 'TOP') ~ "'",
    ) }}
    from top_client
    where lines = 0
)

select * from remarks
