with

judged as (
    select * from {{ ref('base_sfa__audit_answers') }}
),

usable as (
    select
        visit_id,
        kpi,
        value,
        loaded_at
    from judged
    where rejection_reason is null
)

select * from usable
