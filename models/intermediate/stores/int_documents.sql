{{ config(materialized='periodic', periods='all') }}
with orders as (
    select * from {{ ref('base_erp__orders') }}
    where
        rejection_reason is null
        and period_index >= {{ from_period() }}
),

lines as (
    select * from {{ ref('base_erp__order_lines') }}
    where
        rejection_reason is null
        and period_index >= {{ from_period() }}
),

-- summed by order before the join: the lines are by far the longest table
order_values as (
    select
        order_id,
        cast(sum(net_amount) as numeric(38, 4)) as net_value,
        cast(sum(least(net_amount, 0)) as numeric(38, 4)) as negative_value
    from lines
    group by order_id
),

documents as (
    select
        orders.order_id,
        coalesce(orders.store_id, 'unknown') as store_id,
        cast(orders.ordered_at as date) as ordered_on,
        orders.period_index,
        orders.status,
        orders.order_channel,
        orders.rep_id,
        orders.supplier_id,
        -- a positive line of a returned document was reversed on the spot
        cast(coalesce(
            case when orders.status = 'returned' then order_values.negative_value else order_values.net_value end,
            0
        ) as numeric(38, 4)) as net_value
    from orders
    left join order_values on orders.order_id = order_values.order_id
    where
        orders.status <> 'cancelled'
        and cast(orders.ordered_at as date) <= {{ as_of_date() }}
),

final as (
    select
        order_id,
        store_id,
        ordered_on,
        period_index,
        status,
        order_channel,
        rep_id,
        supplier_id,
        net_value,
        net_value > 0
        and status in ({{ quoted_list(var('order_statuses', ['placed', 'invoiced'])) }}) as is_order
    from documents
)

select * from final
