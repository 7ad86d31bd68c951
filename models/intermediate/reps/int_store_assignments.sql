with assignments as (
    select * from {{ ref('stg_sfa__store_assignments') }}
),

final as (
    select
        rep_id,
        store_id,
        {{ period_index('valid_from') }} as first_period_index,
        -- half-open: on the last day of the period of valid_to it is over
        {{ period_index('valid_to') }} - 1 as last_period_index
    from assignments
)

select * from final
