with

mentioned as (
    {{ mentioned_members('rep_id', {
        'erp_orders': ('rep_id', 'ordered_at'),
        'sfa_visits': ('rep_id', 'started_at'),
        'sfa_working_days': ('rep_id', 'work_date'),
    }) }}
)

select rep_id
from mentioned
where rep_id is not null
