{#- model -> metrics of one entity type: the one list of what the project computes. The metrics mart is
    assembled from it, and policy is checked against it. -#}
{% macro metric_models(entity_type) %}
    {%- set orders = [] -%}
    {%- for window in window_names() -%}
        {%- do orders.extend(['order_value_' ~ window, 'orders_' ~ window, 'order_value_avg_' ~ window]) -%}
    {%- endfor -%}
    {%- set order_shares = [] -%}
    {%- for channel in order_channels() + ['distributor'] -%}
        {%- do order_shares.append('share_orders_' ~ channel ~ '_year') -%}
    {%- endfor -%}
    {%- set contacts = ['contacts_year', 'periods_since_last_visit'] -%}
    {%- for window in window_names() -%}
        {%- do contacts.extend(['visits_' ~ window, 'interactions_' ~ window]) -%}
    {%- endfor -%}
    {%- for channel in interaction_channels() -%}
        {%- do contacts.append('interactions_' ~ channel ~ '_quarter') -%}
    {%- endfor -%}
    {%- set models = {
        'store': {
            'int_store_orders': orders + [
                'order_value_trend', 'has_ordered', 'periods_since_first_order', 'periods_since_last_order',
                'repeat_order_rate_year'
            ] + order_shares + ['revenue_share_above_year', 'revenue_rank_share_year'],
            'int_store_group_ranks': ['group_revenue_share_above_year'],
            'int_store_contact_metrics': contacts,
            'int_store_category_share': ['category_share_quarter'],
            'int_store_audits': ['perfect_store_score', 'price_correctness', 'audit_coverage'],
            'int_store_contribution': [
                'complaints_quarter', 'gross_margin_year', 'cost_to_serve_year', 'net_contribution_year'
            ],
            'int_store_sell_out_metrics': ['sell_out_quarter', 'sell_through_quarter'],
            'int_store_loyalty': ['loyalty_points']
        },
        'rep': {
            'int_rep_portfolio': ['clients', 'top_clients', 'client_revenue_year', 'top_client_ratio'],
            'int_rep_work': [
                'days_worked', 'minutes_worked', 'days_off', 'visits', 'planned_visits', 'planned_visits_done',
                'mandatory_steps', 'completed_steps', 'working_minutes_avg', 'visit_plan_completion',
                'procedure_compliance'
            ]
        },
        'product_group': {
            'int_product_group_sales_metrics': [
                'sales_period', 'sales_quarter', 'sales_year', 'sales_growth_year', 'revenue_share_above_year',
                'margin_rate_year'
            ],
            'int_product_group_distribution': ['numeric_distribution', 'weighted_distribution'],
            'int_product_group_category_share': ['category_share_period'],
            'int_product_group_stock': ['stock_cover_days']
        }
    } -%}
    {{- return(models[entity_type]) -}}
{% endmacro %}

{#- The same with a user's own models (var extra_metric_models), each with the entity's id and
    period_index: what the engine reads. -#}
{% macro all_metric_models(entity_type) %}
    {%- set models = dict(metric_models(entity_type)) -%}
    {%- do models.update((var('extra_metric_models', {}) or {}).get(entity_type, {})) -%}
    {{- return(models) -}}
{% endmacro %}
