{{ config(materialized='periodic') }}
{%- set look_back = window_length('year') - 1 -%}
{%- set costs = ['visit_cost_by_seconds', 'contact_cost', 'complaint_cost'] -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period(back=look_back) }}
),

margins as (
    select
        store_id,
        period_index,
        sum(lines) as lines,
        sum(costed_lines) as costed_lines,
        sum(costed_value) as costed_value,
        sum(cost) as cost
    from {{ ref('int_store_category_sales') }}
    where period_index >= {{ from_period(back=look_back) }}
    group by
        store_id,
        period_index
),

service as (
    select * from {{ ref('int_store_service_costs') }}
    where period_index >= {{ from_period(back=look_back) }}
),

known_costs as (
    select count(*) > 0 as any_cost_is_known
    from {{ ref('int_products') }}
    where unit_cost is not null
),

store_periods as (
    select
        spine.store_id,
        spine.period_index,
        coalesce(margins.lines, 0) as lines,
        coalesce(margins.costed_lines, 0) as costed_lines,
        coalesce(margins.costed_value - margins.cost, 0) as margin,
        {%- for cost in costs %}
        coalesce(service.{{ cost }}, 0) as {{ cost }},
        {%- endfor %}
        coalesce(service.complaints, 0) as complaints
    from spine
    left join margins on spine.store_id = margins.store_id and spine.period_index = margins.period_index
    left join service on spine.store_id = service.store_id and spine.period_index = service.period_index
),

windows as (
    select
        store_id,
        period_index,
        cast({{ trailing_sum('lines', 'year', 'store_id') }} as bigint) as lines_year,
        cast({{ trailing_sum('costed_lines', 'year', 'store_id') }} as bigint) as costed_lines_year,
        cast({{ trailing_sum('margin', 'year', 'store_id') }} as numeric(38, 10)) as margin_year,
        {%- for cost in costs %}
        cast({{ trailing_sum(cost, 'year', 'store_id') }} as numeric(38, 6)) as {{ cost }}_year,
        {%- endfor %}
        cast({{ trailing_sum('complaints', 'quarter', 'store_id') }} as bigint) as complaints_quarter
    from store_periods
),

-- a store that bought nothing has no margin; one that bought only products of unknown cost has an unknown one
known as (
    select
        windows.*,
        known_costs.any_cost_is_known and (windows.costed_lines_year > 0 or windows.lines_year = 0) as is_margin_known,
        visit_cost_by_seconds_year + 60 * (contact_cost_year + complaint_cost_year) as sixty_costs
    from windows
    cross join known_costs
),

final as (
    select
        store_id,
        period_index,
        {{ 'cast(null as bigint)' if inputs_are_missing(['erp_complaints']) else 'complaints_quarter' }}
            as complaints_quarter,
        cast(case when is_margin_known then {{ exact_ratio('margin_year', '1', decimals=10) }} end as numeric(18, 6))
            as gross_margin_year,
        {{ exact_ratio('sixty_costs', '60') }} as cost_to_serve_year,
        cast(
            case when is_margin_known then {{ exact_ratio('60 * margin_year - sixty_costs', '60', decimals=10) }} end
            as numeric(18, 6)
        ) as net_contribution_year
    from known
)

select * from final
