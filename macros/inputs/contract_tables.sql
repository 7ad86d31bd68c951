{#- {contract table: column that says when its rows happened, none for masters, plans and lines}.
    A python test holds this against the sources' YAML. -#}
{% macro contract_tables() %}
    {{- return({
        'erp_stores': none,
        'erp_products': none,
        'erp_orders': 'ordered_at',
        'erp_order_lines': none,
        'erp_complaints': 'opened_at',
        'erp_stock_levels': 'stock_date',
        'sfa_reps': none,
        'sfa_store_assignments': none,
        'sfa_visits': 'started_at',
        'sfa_audit_answers': none,
        'sfa_store_attributes': 'recorded_at',
        'sfa_working_days': 'work_date',
        'crm_interactions': 'occurred_at',
        'crm_survey_answers': 'answered_at',
        'crm_manual_segments': none,
        'portal_events': 'occurred_at',
        'portal_points_adjustments': 'granted_at',
        'market_category_sales': 'period_start_date',
        'market_epos_sales': 'sold_on',
        'market_points_of_interest': none,
        'market_external_metrics': 'measured_on',
    }) -}}
{% endmacro %}

{#- Name of a staging model of a contract table: erp_orders -> <prefix>_erp__orders. -#}
{% macro staging_model(prefix, table) %}
    {{- return(prefix ~ '_' ~ table.replace('_', '__', 1)) -}}
{% endmacro %}
