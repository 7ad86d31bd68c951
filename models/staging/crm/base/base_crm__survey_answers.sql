{{ config(materialized='judged') }}

{{ judged_rows('crm_survey_answers',
    columns={
        'answer_id': 'string',
        'store_id': 'string',
        'question': 'string',
        'value': 'numeric(18,6)',
        'answered_at': 'timestamp',
    },
    key=['answer_id'],
    event_time='answered_at',
    amounts=['value']
) }}
