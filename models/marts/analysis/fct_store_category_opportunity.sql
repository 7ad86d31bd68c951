{{ config(materialized='periodic') }}
{%- set look_back = window_length('quarter') - 1 -%}
with spine as (
    select * from {{ ref('int_store_periods') }}
    where period_index >= {{ from_period() }}
),

measured as (
    select
        sales.store_id,
        sales.category,
        {{ period_index('sales.period_start_date') }} as period_index,
        sales.own_sales,
        sales.category_sales
    from {{ ref('stg_market__category_sales') }} as sales
    inner join {{ ref('int_store_lives') }} as lives on sales.store_id = lives.store_id
    where
        sales.period_start_date <= {{ as_of_date() }}
        and {{ period_index('sales.period_start_date') }} >= lives.first_period_index
        and {{ period_index('sales.period_start_date') }} >= {{ from_period(back=look_back) }}
),

comparable as (
    select * from {{ ref('int_store_comparables') }}
    where period_index >= {{ from_period() }}
),

-- the trailing quarter of every store and category measured in it
quarters as (
    select
        spine.store_id,
        measured.category,
        spine.period_index,
        spine.period_start_date,
        comparable.comparable_group,
        cast(coalesce(sum(measured.own_sales), 0) as numeric(38, 4)) as own_sales,
        cast(sum(measured.category_sales) as numeric(38, 4)) as category_sales
    from spine
    inner join comparable on spine.store_id = comparable.store_id and spine.period_index = comparable.period_index
    inner join measured
        on
            spine.store_id = measured.store_id
            and measured.period_index between spine.period_index - {{ look_back }} and spine.period_index
    group by
        spine.store_id,
        measured.category,
        spine.period_index,
        spine.period_start_date,
        comparable.comparable_group
),

-- what the others of the group sell, and how much of all categories each category is
totals as (
    select
        *,
        cast(sum(own_sales) over (category_of_group) - own_sales as numeric(38, 4)) as others_own_sales,
        cast(sum(category_sales) over (category_of_group) - category_sales as numeric(38, 4)) as others_category_sales,
        cast(sum(category_sales) over (partition by store_id, period_index) as numeric(38, 4)) as store_sales,
        cast(sum(category_sales) over (category_of_group) as numeric(38, 4)) as group_category_sales,
        cast(sum(category_sales) over (partition by comparable_group, period_index) as numeric(38, 4)) as group_sales
    from quarters
    window category_of_group as (partition by comparable_group, category, period_index)
),

shares as (
    select
        *,
        {{ exact_ratio('own_sales', 'category_sales') }} as own_share,
        {{ exact_ratio('others_own_sales', 'others_category_sales') }} as comparable_share,
        {{ exact_ratio('category_sales', 'store_sales') }} as category_weight,
        {{ exact_ratio('group_category_sales', 'group_sales') }} as group_category_weight
    from totals
),

final as (
    select
        store_id,
        category,
        period_index,
        period_start_date,
        comparable_group,
        cast(own_sales as numeric(18, 6)) as own_sales,
        cast(category_sales as numeric(18, 6)) as category_sales,
        own_share,
        comparable_share,
        cast(
            case when comparable_share is not null then greatest((comparable_share - own_share) * category_sales, 0) end
            as numeric(18, 6)
        ) as money_to_gain,
        {{ exact_ratio('category_weight', 'group_category_weight') }} as category_affinity
    from shares
)

select * from final
