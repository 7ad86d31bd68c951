{{ config(materialized='table') }}

{#- A scheme of kind classification accepts any segment, any other one those that the policy lists. -#}
{% set known_segments %}(
    select schemes.entity_type, schemes.scheme, segments.segment
    from {{ ref('policy_schemes') }} as schemes
    left join {{ ref('policy_segments') }} as segments
        on schemes.entity_type = segments.entity_type
        and schemes.scheme = segments.scheme
        and schemes.kind <> 'classification'
){% endset %}

{{ judged_rows('crm_manual_segments',
    columns={
        'entity_type': 'string',
        'entity_id': 'string',
        'scheme': 'string',
        'segment': 'string',
        'valid_from': 'date',
        'valid_to': 'date',
        'reason': 'string',
        'set_by': 'string',
        'approved_by': 'string',
    },
    key=['entity_type', 'entity_id', 'scheme', 'valid_from'],
    accepted={'entity_type': ['store', 'rep', 'product_group']},
    parent={
        'relation': known_segments,
        'on': 'typed.entity_type = parents.entity_type and typed.scheme = parents.scheme'
            ~ ' and (parents.segment is null or typed.segment = parents.segment)',
        'column': 'scheme',
        'reason': 'unknown_segment',
    }
) }}
