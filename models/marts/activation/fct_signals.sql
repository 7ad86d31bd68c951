{%- set text = dbt.type_string() -%}
with found as (
    {%- for model in [
        'int_store_segment_signals', 'int_rep_segment_signals', 'int_product_group_segment_signals',
        'int_store_order_signals', 'int_store_bunching_signals'
    ] %}
    select * from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

listed as (
    select * from {{ ref('policy_signals') }}
),

names as (
    {{ texts_in_language() }}
),

-- two rules may find the same: a loss that two of them see coming is one
distinct_found as (
    select
        found.*,
        listed.severity,
        listed.recipients,
        'segment.' || found.entity_type || '.' || found.scheme || '.' as segment_key,
        row_number() over (
            partition by found.entity_type, found.entity_id, found.scheme, found.signal, found.occasion
            order by found.due_on nulls last, {{ bytewise('found.detail') }} nulls last
        ) as copy
    from found
    inner join listed on found.entity_type = listed.entity_type and found.signal = listed.signal
),

named as (
    select
        distinct_found.*,
        coalesce(templates.text, distinct_found.signal || ': {entity}') as template,
        coalesce(scheme_names.text, distinct_found.scheme) as scheme_name,
        coalesce(from_names.text, distinct_found.from_segment, '') as from_name,
        coalesce(to_names.text, distinct_found.to_segment, '') as to_name,
        coalesce(alert_names.text, distinct_found.detail, '') as detail_text
    from distinct_found
    left join names as templates on templates.key = 'signal.' || distinct_found.signal
    left join names as scheme_names
        on scheme_names.key = 'scheme.' || distinct_found.entity_type || '.' || distinct_found.scheme
    left join names as from_names on from_names.key = distinct_found.segment_key || distinct_found.from_segment
    left join names as to_names on to_names.key = distinct_found.segment_key || distinct_found.to_segment
    left join names as alert_names
        on distinct_found.signal = 'treatment_alert' and alert_names.key = 'alert.' || distinct_found.detail
    where distinct_found.copy = 1
),

final as (
    select
        md5(concat_ws('|', entity_type, entity_id, scheme, signal, occasion)) as signal_key,
        entity_type,
        entity_id,
        scheme,
        signal,
        severity,
        recipients,
        from_segment,
        to_segment,
        due_on,
        detail,
        {{ filled('template', {
            'entity': 'entity_id', 'scheme': 'scheme_name', 'from': 'from_name', 'to': 'to_name',
            'when': 'coalesce(cast(due_on as ' ~ text ~ "), '')", 'detail': 'detail_text',
        }) }} as text,
        {{ as_of_date() }} as as_of_date
    from named
)

select * from final
