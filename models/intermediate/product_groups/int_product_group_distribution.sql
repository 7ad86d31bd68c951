with purchases as (
    select * from {{ ref('int_product_group_purchases') }}
),

spine as (
    select * from {{ ref('int_product_group_periods') }}
),

store_windows as (
    select * from {{ ref('int_store_order_windows') }}
),

stores as (
    select * from {{ ref('int_store_numbers') }}
),

product_groups as (
    select * from {{ ref('int_product_group_numbers') }}
),

-- stores alive with any order in the trailing quarter
ordering_stores as (
    select
        stores.store_number,
        store_windows.period_index,
        greatest(store_windows.order_value_year, 0) as weight
    from store_windows
    inner join stores on store_windows.store_id = stores.store_id
    where store_windows.orders_quarter > 0
),

totals as (
    select
        period_index,
        count(*) as stores,
        cast(sum(weight) as numeric(38, 4)) as weight
    from ordering_stores
    group by period_index
),

-- the periods after a purchase in which it still counts, so that the join below is on equality
offsets as (
    {{ dbt.generate_series(window_length('quarter')) }}
),

bought as (
    select
        purchases.product_group_number,
        purchases.store_number,
        purchases.first_period_index + offsets.generated_number - 1 as period_index
    from purchases
    inner join offsets on purchases.first_period_index + offsets.generated_number - 1 <= purchases.last_period_index
),

bought_totals as (
    select
        bought.product_group_number,
        bought.period_index,
        count(*) as stores,
        cast(sum(ordering_stores.weight) as numeric(38, 4)) as weight
    from bought
    inner join ordering_stores
        on
            bought.store_number = ordering_stores.store_number
            and bought.period_index = ordering_stores.period_index
    group by bought.product_group_number, bought.period_index
),

final as (
    select
        spine.product_group_id,
        spine.period_index,
        {{ exact_ratio('coalesce(bought_totals.stores, 0)', 'totals.stores') }} as numeric_distribution,
        {{ exact_ratio('coalesce(bought_totals.weight, 0)', 'totals.weight') }} as weighted_distribution
    from spine
    inner join product_groups on spine.product_group_id = product_groups.product_group_id
    left join totals on spine.period_index = totals.period_index
    left join bought_totals
        on
            product_groups.product_group_number = bought_totals.product_group_number
            and spine.period_index = bought_totals.period_index
)

select * from final
