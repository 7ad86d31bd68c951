-- The same money at every stage: usable lines of documents that are not cancelled and not dated after
-- as_of_date (of returned ones the negative amounts) = document lines = store periods = product group
-- periods at each level.
with staged_lines as (
    select sum(lines.net_amount) as net_value
    from {{ ref('base_erp__order_lines') }} as lines
    inner join {{ ref('base_erp__orders') }} as orders on lines.order_id = orders.order_id
    where
        lines.rejection_reason is null
        and orders.rejection_reason is null
        and lines.period_index >= {{ first_untested_period() }}
        and orders.period_index >= {{ first_untested_period() }}
        and orders.status <> 'cancelled'
        and cast(orders.ordered_at as date) <= {{ as_of_date() }}
        and (orders.status <> 'returned' or lines.net_amount < 0)
),

stages as (
    select
        'int_document_lines' as stage,
        sum(net_amount) as net_value
    from {{ in_touched_periods(ref('int_document_lines')) }} as rows_of_stage
    union all
    select
        'int_store_sales' as stage,
        sum(net_value) as net_value
    from {{ in_touched_periods(ref('int_store_sales')) }} as rows_of_stage
    union all
    select
        'int_product_group_sales, level ' || level as stage,
        sum(net_value) as net_value
    from {{ in_touched_periods(ref('int_product_group_sales')) }} as rows_of_stage
    group by level
),

final as (
    select
        stages.stage,
        stages.net_value,
        staged_lines.net_value as net_value_staged
    from stages
    cross join staged_lines
    where coalesce(stages.net_value, 0) <> coalesce(staged_lines.net_value, 0)
)

select * from final
