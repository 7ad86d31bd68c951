-- One row per scheme and period: the fingerprint of what judged it. Labels, descriptions and the dates
-- of validity are left out, so that closing a rule today does not touch the periods before.
with

schemes as (
    select * from {{ ref('policy_schemes') }}
),

segments as (
    select * from {{ ref('policy_segments') }}
),

rules as (
    select * from {{ ref('policy_segment_rules') }}
),

periods as (
    select * from {{ ref('int_periods') }}
),

scheme_periods as (
    select
        schemes.entity_type,
        schemes.scheme,
        periods.period_index,
        periods.period_end_date,
        'scheme|' || {{ line_text([
            'schemes.kind', 'schemes.applies_to_attribute', 'schemes.applies_to_value', 'schemes.scope_attribute',
            'schemes.review_every', 'schemes.min_stay_periods', 'schemes.demotion', 'schemes.max_moved_share',
        ]) }} as line
    from schemes
    cross join periods
),

lines as (
    select
        entity_type,
        scheme,
        period_index,
        line
    from scheme_periods

    union all
    select
        scheme_periods.entity_type,
        scheme_periods.scheme,
        scheme_periods.period_index,
        'segment|' || {{ line_text([
            'segments.segment', 'segments.precedence', 'segments.level', 'segments.is_default'
        ]) }} as line
    from scheme_periods
    inner join segments
        on
            scheme_periods.entity_type = segments.entity_type
            and scheme_periods.scheme = segments.scheme

    union all
    select
        scheme_periods.entity_type,
        scheme_periods.scheme,
        scheme_periods.period_index,
        'rule|' || {{ line_text([
            'rules.segment', 'rules.rule_group', 'rules.metric', 'rules.operator',
            'rules.enter_threshold', 'rules.exit_threshold', 'rules.enter_after', 'rules.exit_after',
            'rules.hold_periods', 'rules.expire_after', 'rules.scope',
        ]) }} as line
    from scheme_periods
    inner join rules
        on
            scheme_periods.entity_type = rules.entity_type
            and scheme_periods.scheme = rules.scheme
    where
        coalesce(rules.valid_from <= scheme_periods.period_end_date, true)
        and coalesce(rules.valid_to > scheme_periods.period_end_date, true)
),

final as (
    select
        entity_type,
        scheme,
        period_index,
        cast(md5({{ text_list('line', ';') }}) as {{ dbt.type_string() }}) as policy_version
    from lines
    group by entity_type, scheme, period_index
)

select * from final
