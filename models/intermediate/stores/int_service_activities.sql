{{ config(materialized='view') }}
with visits as (
    select
        store_id,
        period_index,
        cast(started_at as date) as happened_on,
        'visit' as kind,
        'visit' as channel,
        -- without an end, or with one before its start, a visit is of unknown length
        greatest(coalesce({{ seconds_between('started_at', 'ended_at') }}, 0), 0) as seconds
    from {{ ref('base_sfa__visits') }}
    where rejection_reason is null and status = 'done'
),

interactions as (
    select
        store_id,
        period_index,
        cast(occurred_at as date) as happened_on,
        'interaction' as kind,
        channel,
        cast(60 * coalesce(minutes, 0) as numeric(18, 4)) as seconds
    from {{ ref('base_crm__interactions') }}
    where rejection_reason is null
),

complaints as (
    select
        store_id,
        period_index,
        cast(opened_at as date) as happened_on,
        'complaint' as kind,
        channel,
        cast(null as numeric(18, 4)) as seconds
    from {{ ref('base_erp__complaints') }}
    where rejection_reason is null
),

activities as (
    select * from visits
    union all
    select * from interactions
    union all
    select * from complaints
),

final as (
    select
        store_id,
        period_index,
        happened_on,
        kind,
        channel,
        cast(seconds as numeric(18, 4)) as seconds
    from activities
    where happened_on <= {{ as_of_date() }}
)

select * from final
