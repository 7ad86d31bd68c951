with

rejected as (
    {% for table in contract_tables() %}
    select
        '{{ table }}' as table_name,
        row_key,
        rejection_reason as reason,
        loaded_at
    from {{ ref(staging_model('base', table)) }}
    where rejection_reason is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from rejected
