{#- How far every condition of the last closed period is from being lost, or from being met.
    `cushion`: what the value may still lose before it fails; below 0 it fails already. `missing_amount`: what it
    lacks to reach the enter threshold; of a rank the amount behind it, at today's ranking. Grain: entity x condition. -#}
{% macro condition_gaps(entity_type) %}
{%- set key = entity_type ~ '_id' -%}
{%- set ranks = rank_metrics(entity_type) -%}
with evidence as (
    select * from {{ ref('fct_' ~ entity_type ~ '_segment_evidence') }}
    where period_index = {{ last_closed_period() }}
),

{% if ranks -%}
metrics as (
    select * from {{ ref('fct_' ~ entity_type ~ '_metrics') }}
    where period_index = {{ last_closed_period() }}
),

rank_values as (
    {%- for rank in ranks %}
    select
        metrics.{{ key }},
        '{{ rank.metric }}' as metric,
        metrics.{{ rank.metric }} as rank_value,
        {{ rank.amount }} as amount,
        {{ rank.peers }} as peers
    from metrics
    {{ rank.join }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

rank_lines as (
    select distinct
        condition_id,
        metric,
        operator,
        enter_threshold
    from evidence
    where is_in_force and metric in ({{ quoted_list(ranks | map(attribute='metric')) }})
),

-- the smallest amount that has the rank today
rank_floors as (
    select
        rank_lines.condition_id,
        rank_lines.enter_threshold,
        rank_values.peers,
        min(rank_values.amount) as floor_amount
    from rank_lines
    inner join rank_values on rank_lines.metric = rank_values.metric
    where {{ meets('rank_lines.operator', 'rank_values.rank_value', 'rank_lines.enter_threshold') }}
    group by
        rank_lines.condition_id,
        rank_lines.enter_threshold,
        rank_values.peers
),

{% endif -%}
compared as (
    select
        evidence.*,
        {%- if ranks %}
        case rank_values.metric
            {%- for rank in ranks %}
            when '{{ rank.metric }}' then '{{ rank.amount_name }}'
            {%- endfor %}
        end as rank_amount_name,
        -- where nobody has the rank nobody knows what it takes
        case
            when rank_floors.floor_amount is not null and rank_values.amount is not null
                then greatest(rank_floors.floor_amount - rank_values.amount, 0)
        end as rank_amount,
        {%- else %}
        cast(null as {{ dbt.type_string() }}) as rank_amount_name,
        cast(null as numeric(18, 6)) as rank_amount,
        {%- endif %}
        case when evidence.operator in ('>=', '>') then 1 else -1 end as direction,
        coalesce({{ meets('evidence.operator', 'evidence.value', 'evidence.enter_threshold') }}, false) as value_enters
    from evidence
    {%- if ranks %}
    left join rank_values
        on evidence.{{ key }} = rank_values.{{ key }} and evidence.metric = rank_values.metric
    left join rank_floors
        on
            evidence.condition_id = rank_floors.condition_id
            and evidence.enter_threshold = rank_floors.enter_threshold
            and rank_values.peers = rank_floors.peers
    {%- endif %}
),

final as (
    select
        {{ key }},
        scheme,
        segment,
        rule_group,
        condition_id,
        period_index,
        metric,
        operator,
        value,
        enter_threshold,
        exit_threshold,
        is_in_force,
        is_met,
        value_enters,
        qualifying_streak,
        failing_streak,
        unobserved_streak,
        cast(direction * (value - exit_threshold) as numeric(18, 6)) as cushion,
        {{ exact_ratio('direction * (value - exit_threshold)', 'abs(exit_threshold)') }} as cushion_share,
        -- a rank is missed by an amount, which is added whatever the operator
        case when rank_amount_name is null then metric else rank_amount_name end as missing_metric,
        cast(case
            when is_met or value_enters then 0
            when rank_amount_name is not null then rank_amount
            else enter_threshold - value
        end as numeric(18, 6)) as missing_amount,
        {{ exact_ratio('direction * (enter_threshold - value)', 'abs(enter_threshold)') }} as missing_share,
        case when is_met then 0 else greatest(enter_after - case when value is null or value_enters then qualifying_streak else 0 end, 1) end
            as missing_periods,
        -- the first period in which it can be lost if every value from now on fails
        greatest(
            period_index + greatest(exit_after - failing_streak, 1),
            coalesce(last_signal_period_index, 0) + hold_periods + 1
        ) as earliest_loss_period_index,
        exit_after,
        hold_periods,
        last_signal_period_index
    from compared
)

select * from final
{% endmacro %}


{#- The metrics that are ranks, each with the amount that is ranked and the members that are ranked with each other. -#}
{% macro rank_metrics(entity_type) %}
    {%- set ranks = [] -%}
    {%- if entity_type == 'store' -%}
        {%- set of_stores = {'amount': 'metrics.order_value_year', 'amount_name': 'order_value_year',
                             'peers': "'all'", 'join': ''} -%}
        {%- set profiles = ref('int_store_profiles') -%}
        {%- do ranks.append(dict(of_stores, metric='revenue_share_above_year')) -%}
        {%- do ranks.append(dict(of_stores, metric='revenue_rank_share_year')) -%}
        {%- do ranks.append(dict(of_stores,
            metric='group_revenue_share_above_year',
            amount='sum(metrics.order_value_year) over (partition by coalesce(profiles.key_account, metrics.store_id))',
            join='left join ' ~ profiles ~ ' as profiles on metrics.store_id = profiles.store_id')) -%}
    {%- elif entity_type == 'product_group' -%}
        {%- do ranks.append({'metric': 'revenue_share_above_year', 'amount': 'metrics.sales_year',
            'amount_name': 'sales_year', 'peers': "split_part(metrics.product_group_id, ':', 1)", 'join': ''}) -%}
    {%- endif -%}
    {{- return(ranks) -}}
{% endmacro %}
