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
    {%- set models = {
        'store': {
            'int_store_orders': orders + ['order_value_trend'],
            'int_store_order_history': [
                'has_ordered', 'periods_since_first_order', 'periods_since_last_order', 'repeat_order_rate_year'
            ],
            'int_store_order_channels': order_shares,
            'int_store_revenue_ranks': ['revenue_share_above_year', 'revenue_rank_share_year'],
            'int_store_group_ranks': ['group_revenue_share_above_year']
        },
        'rep': {},
        'product_group': {}
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
