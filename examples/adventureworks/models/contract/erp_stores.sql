with

stores as (
    select * from {{ source('adventureworks', 'stores') }}
),

final as (
    select
        account_number as store_id,
        store_name,
        -- the value ladder is cut by it
        business_type as channel,
        specialty as industry,
        country as region,
        city,
        -- the year is all that is known; it lies long before the data
        make_date(cast(year_opened as integer), 1, 1) as opened_on
    from stores
)

select * from final
