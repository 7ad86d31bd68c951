-- The same money at every stage: usable lines of documents that are not cancelled and not dated after
-- as_of_date (of returned ones the negative amounts) = store periods, which come by way of the documents,
-- = product group periods at each level, which come by way of the lines.
with usable_lines as (
    select coalesce(sum(net_amount), 0) as net_value
    from {{ in_touched_periods(ref('base_erp__order_lines')) }} as lines
    where
        rejection_reason is null
        and status <> 'cancelled'
        and ordered_on <= {{ as_of_date() }}
        and (status <> 'returned' or net_amount < 0)
),

stages as (
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
        usable_lines.net_value as net_value_of_lines
    from stages
    cross join usable_lines
    where coalesce(stages.net_value, 0) <> usable_lines.net_value
)

select * from final
