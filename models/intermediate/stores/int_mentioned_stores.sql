with

mentioned as (
    {{ mentioned_members('store_id', {
        'erp_orders': ('store_id', 'ordered_at'),
        'erp_complaints': ('store_id', 'opened_at'),
        'sfa_visits': ('store_id', 'started_at'),
        'sfa_store_attributes': ('store_id', 'recorded_at'),
        'crm_interactions': ('store_id', 'occurred_at'),
        'crm_survey_answers': ('store_id', 'answered_at'),
        'portal_events': ('store_id', 'occurred_at'),
        'portal_points_adjustments': ('store_id', 'granted_at'),
        'market_category_sales': ('store_id', 'period_start_date'),
        'market_epos_sales': ('store_id', 'sold_on'),
    }) }}
)

select store_id
from mentioned
where store_id is not null
