{{ config(meta={'dated_columns': ['store_id']}) }}
with stores as (
    select * from {{ ref('int_stores') }}
),

documents as (
    select
        store_id,
        min(first_document_on) as first_document_on,
        max(period_index) as last_document_period_index
    from {{ ref('int_store_sales') }}
    group by store_id
),

calendar as (
    select min(period_start_date) as history_starts_on
    from {{ ref('int_periods') }}
),

members as (
    select
        stores.store_id,
        coalesce(
            least(stores.opened_on, stores.customer_since, documents.first_document_on),
            cast(stores.known_since as date),
            case when stores.is_known then calendar.history_starts_on end
        ) as begins_on,
        case when stores.closed_on <= {{ as_of_date() }} then stores.closed_on end as ends_on,
        documents.last_document_period_index
    from stores
    cross join calendar
    left join documents on stores.store_id = documents.store_id
),

{{ entity_lives('store_id') }}

select * from final
