-- One row per name by which parts of the policy find each other and which is not there.
-- depends_on: {{ ref('policy_gate') }}
with
{% for file in ['segments', 'perfect_store_standards', 'schemes', 'segment_rules', 'kpi_targets', 'treatments'] -%}
{{ file }} as ({{ policy_lines(file) }}
),

{% endfor -%}
metrics as (
    select distinct
        entity_type,
        metric
    from {{ ref('policy_known_metrics') }}
),

default_set as (
    select
        count(*) as lines,
        count(case when standard_set = 'DEFAULT' then 1 end) as default_lines
    from perfect_store_standards
),

top_client as (
    select count(*) as lines
    from segments
    where
        entity_type = 'store'
        and scheme = '{{ var("top_client_scheme", "perfect_store") }}'
        and segment = '{{ var("top_client_segment", "TOP") }}'
),

profile_schemes as (
    {%- for scheme in var('profile_schemes', ['value', 'potential', 'service']) %}
    select '{{ scheme }}' as scheme
    union all
    {%- endfor %}
    select cast(null as {{ dbt.type_string() }}) as scheme where 1 = 0
),

remarks as (
    {{ policy_problem(
        'no_default_standards', 'perfect_store_standards',
        "'there is no standard_set DEFAULT: stores of other channels and display segments are not scored'",
        "'add lines of standard_set DEFAULT, unless it is meant'", line_key="'DEFAULT'",
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

    -- what we ship stays with a company whose schemes are its own; a classification's segments need not be listed
    {%- for file in ['kpi_targets', 'treatments'] %}
    union all
    {{ policy_problem(
        file[:-1].replace('kpi_', '') ~ '_without_segment', file,
        "'no ' || brought.entity_type || ' can be in segment \"' || brought.segment || '\" of scheme ' || brought.scheme",
        "'correct the name, add its line to segments.csv, or remove the line'",
        line_key='brought.line_key',
    ) }}
    from {{ file }} as brought
    left join schemes on brought.entity_type = schemes.entity_type and brought.scheme = schemes.scheme
    left join segments
        on
            brought.entity_type = segments.entity_type
            and brought.scheme = segments.scheme
            and brought.segment = segments.segment
    where segments.segment is null and coalesce(schemes.kind, '') <> 'classification'
    {%- endfor %}

    union all
    {{ policy_problem(
        'no_profile_scheme', 'schemes',
        "'var profile_schemes names scheme \"' || profile_schemes.scheme || '\" of stores, which is not there'",
        "'correct the name in var profile_schemes, or leave it out'", line_key="'store|' || profile_schemes.scheme",
    ) }}
    from profile_schemes
    left join schemes on profile_schemes.scheme = schemes.scheme and schemes.entity_type = 'store'
    where schemes.scheme is null

    union all
    {{ policy_problem(
        'metric_never_seen', 'segment_rules',
        "'nothing gives metric \"' || rules.metric || '\" of a ' || rules.entity_type || ' a value'",
        "'correct the name, or leave it: the condition is unobserved until data bring the metric'",
        line_key='rules.line_key',
    ) }}
    from segment_rules as rules
    left join metrics on rules.entity_type = metrics.entity_type and rules.metric = metrics.metric
    where metrics.metric is null and rules.metric is not null
)

select * from remarks
