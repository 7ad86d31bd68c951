{{ config(materialized='judged') }}

{{ judged_rows('sfa_working_days',
    columns={
        'rep_id': 'string',
        'work_date': 'date',
        'minutes_worked': 'numeric(18,4)',
        'is_day_off': 'boolean',
    },
    key=['rep_id', 'work_date'],
    event_time='work_date'
) }}
