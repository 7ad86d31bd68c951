-- Takes the place of the package's model. That one asks who is assigned to whom; at Northwind nobody is, and
-- customers buy from whoever answers. So a client of a rep is a customer who ordered from the rep in the
-- trailing year, and a customer of two reps counts for both.
with stores as (
    select * from {{ ref('int_store_periods') }}
),

documents as (
    select * from {{ ref('int_documents') }}
),

segments as (
    select * from {{ ref('fct_store_segment_history') }}
),

bought as (
    select distinct
        documents.rep_id,
        stores.store_id,
        stores.period_index
    from stores
    inner join documents
        on
            stores.store_id = documents.store_id
            and stores.period_index >= documents.period_index
            and stores.period_index < documents.period_index + {{ dynamic_segmentation.window_length('year') }}
    where
        documents.is_order
        and documents.rep_id is not null
),

customers as (
    select
        store_id,
        period_index
    from segments
    where
        scheme = 'lifecycle'
        and segment in ('NEW', 'ACTIVE', 'KEY')
),

gold as (
    select
        store_id,
        period_index
    from segments
    where
        scheme = 'value'
        and segment = 'GOLD'
),

final as (
    select
        bought.rep_id,
        bought.store_id,
        bought.period_index,
        gold.store_id is not null as is_top
    from bought
    inner join customers
        on
            bought.store_id = customers.store_id
            and bought.period_index = customers.period_index
    left join gold
        on
            bought.store_id = gold.store_id
            and bought.period_index = gold.period_index
)

select * from final
