with

rejected as (
    select * from {{ ref('fct_rejected_rows') }}
),

-- counted at the input itself: a count of the judged rows could not show that one was lost
delivered as (
    {% for table in contract_tables() %}
    select
        '{{ table }}' as table_name,
        {{ rows_delivered(table) }} as rows_in
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

staged as (
    {% for table, event_time in contract_tables().items() %}
    select
        '{{ table }}' as table_name,
        count(*) as rows_staged,
        {% if event_time -%}
        count(case when cast({{ event_time }} as date) > {{ as_of_date() }} then 1 end) as rows_not_yet_known
        {%- else -%}
        0 as rows_not_yet_known
        {%- endif %}
    from {{ ref(staging_model('stg', table)) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rejected_counts as (
    select
        table_name,
        count(*) as rows_rejected
    from rejected
    group by table_name
),

final as (
    select
        delivered.table_name,
        cast(delivered.rows_in as bigint) as rows_in,
        cast(staged.rows_staged as bigint) as rows_staged,
        cast(coalesce(rejected_counts.rows_rejected, 0) as bigint) as rows_rejected,
        cast(staged.rows_not_yet_known as bigint) as rows_not_yet_known
    from delivered
    inner join staged on delivered.table_name = staged.table_name
    left join rejected_counts on delivered.table_name = rejected_counts.table_name
)

select * from final
