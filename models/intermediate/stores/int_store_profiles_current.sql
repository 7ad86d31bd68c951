{#- The intersection of the chosen schemes' current segments, with the trailing year of every active store. -#}
{%- set schemes = var('profile_schemes', ['value', 'potential', 'service']) -%}
{%- set parts = [] -%}
{%- for scheme in schemes -%}
{%- do parts.append("coalesce(max(case when scheme = '" ~ scheme ~ "' then segment end), '-')") -%}
{%- endfor -%}
with current_segments as (
    select * from {{ ref('fct_store_segments_current') }}
    where is_active
),

profiles as (
    select
        store_id,
        {{ parts | join(" || ' / ' || ") or "'all'" }} as profile
    from current_segments
    group by store_id
),

metrics as (
    select * from {{ ref('fct_store_metrics') }}
    where period_index = {{ last_closed_period() }}
),

final as (
    select
        profiles.store_id,
        profiles.profile,
        {{ last_closed_period() }} as period_index,
        lives.first_period_index,
        cast(coalesce(metrics.order_value_year, 0) as numeric(18, 6)) as revenue_year,
        cast(coalesce(metrics.orders_year, 0) as numeric(18, 6)) as orders_year,
        metrics.gross_margin_year,
        metrics.cost_to_serve_year,
        metrics.net_contribution_year
    from profiles
    left join {{ ref('int_store_lives') }} as lives on profiles.store_id = lives.store_id
    left join metrics on profiles.store_id = metrics.store_id
)

select * from final
