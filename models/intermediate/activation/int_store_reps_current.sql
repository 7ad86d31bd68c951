-- A store may have several reps today; the one assigned last is its own: what is counted once counts for him.
with assignments as (
    select
        store_id,
        rep_id,
        max(valid_from) as assigned_on
    from {{ ref('stg_sfa__store_assignments') }}
    where
        valid_from <= {{ as_of_date() }}
        and (valid_to is null or valid_to > {{ as_of_date() }})
    group by
        store_id,
        rep_id
),

reps as (
    select * from {{ ref('dim_reps') }}
    where is_active
),

final as (
    select
        assignments.store_id,
        assignments.rep_id,
        reps.rep_name,
        reps.manager_id,
        row_number() over (
            partition by assignments.store_id
            order by assignments.assigned_on desc, {{ bytewise('assignments.rep_id') }}
        ) = 1 as is_own_rep
    from assignments
    inner join reps on assignments.rep_id = reps.rep_id
)

select * from final
