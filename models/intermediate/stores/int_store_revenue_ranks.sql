{{ config(materialized='view') }}
with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

ranked as (
    select
        *,
        {{ ranking_columns('order_value_year', 'store_id', 'period_index') }}
    from windows
),

final as (
    select
        *,
        cast(
            case when order_value_year > 0 then {{ exact_ratio('value_above', 'value_total') }} else 1 end
            as numeric(18, 6)
        ) as revenue_share_above_year,
        cast(
            case when order_value_year > 0 then {{ exact_ratio('rows_above', 'members_total') }} else 1 end
            as numeric(18, 6)
        ) as revenue_rank_share_year
    from ranked
)

select * from final
