-- One row per line that names a metric that is not there, or gives a metric a name that is taken.
with rules as ({{ policy_lines('segment_rules') }}
),

flags as ({{ policy_lines('attribute_flags') }}
),

weights as ({{ policy_lines('score_weights') }}
),

targets as ({{ policy_lines('kpi_targets') }}
),

types as ({{ policy_lines('treatment_types') }}
),

treatments as ({{ policy_lines('treatments') }}
),

known as (
    select
        entity_type,
        metric,
        max(case when origin = 'built_in' then 1 else 0 end) = 1 as is_built_in,
        max(case when origin = 'score_weights.csv' then 1 else 0 end) = 1 as is_score
    from {{ ref('policy_known_metrics') }}
    group by entity_type, metric
),

named as (
    {%- for file, lines, name in [
        ('segment_rules', 'rules', 'metric'), ('score_weights', 'weights', 'metric'), ('kpi_targets', 'targets', 'kpi')
    ] %}
    select
        '{{ file }}.csv' as file,
        entity_type,
        {{ name }} as metric,
        line_key
    from {{ lines }}
    union all
    {%- endfor %}
    -- of every entity type that is given the treatment
    select distinct
        'treatment_types.csv' as file,
        treatments.entity_type,
        types.cost_metric as metric,
        types.line_key
    from types inner join treatments on types.treatment = treatments.treatment
),

given as (
    {%- for file, lines, name in [('attribute_flags', 'flags', 'metric'), ('score_weights', 'weights', 'score')] %}
    select
        '{{ file }}.csv' as file,
        entity_type,
        {{ name }} as metric,
        line_key
    from {{ lines }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

problems as (
    {{ policy_problem(
        'unknown_metric', none,
        "'metric \"' || named.metric || '\" is not one of a ' || named.entity_type",
        "'correct the name (docs/metrics.md lists all); one that data will bring later is made known in external_metrics.csv, "
        ~ "one of your own model in var extra_metric_models'",
        line_key='named.line_key',
    ) }}
    from named
    left join known on named.entity_type = known.entity_type and named.metric = known.metric
    where known.metric is null and named.metric is not null and {{ names_of_data_are_known('named.entity_type') }}

    union all
    {{ policy_problem(
        'metric_name_taken', none,
        "'a ' || given.entity_type || ' has a metric \"' || given.metric || '\" already'",
        "'give it another name'",
        line_key='given.line_key',
    ) }}
    from given
    inner join known on given.entity_type = known.entity_type and given.metric = known.metric
    where known.is_built_in

    union all
    {{ policy_problem(
        'score_of_score', none,
        "'\"' || named.metric || '\" is a score itself'",
        "'name the metrics that it is made of'",
        line_key='named.line_key',
    ) }}
    from named
    inner join known on named.entity_type = known.entity_type and named.metric = known.metric
    where named.file = 'score_weights.csv' and known.is_score
)

select * from problems
