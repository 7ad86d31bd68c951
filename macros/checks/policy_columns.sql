{#- What stands in the policy files: per file and column the type, whether it is required, the default
    of a blank, the smallest number allowed, the texts allowed. The checks and the casts are made of it. -#}
{% macro policy_columns(file) %}
    {%- set entity_type = {'type': 'choice', 'required': true, 'check': 'unknown_entity_type',
                           'choices': ['store', 'rep', 'product_group']} -%}
    {%- set text = {'type': 'text'} -%}
    {%- set name = {'type': 'text', 'required': true, 'name': true} -%}
    {%- set date = {'type': 'date'} -%}
    {%- set number = {'type': 'number'} -%}
    {%- set required_number = {'type': 'number', 'required': true} -%}
    {%- set count = {'type': 'integer', 'minimum': 1, 'default': '1'} -%}
    {%- set count_from_zero = {'type': 'integer', 'minimum': 0, 'default': '0'} -%}
    {%- set flag = {'type': 'boolean', 'default': 'false'} -%}
    {%- set direction = {'type': 'choice', 'choices': ['higher_is_better', 'lower_is_better'],
                         'default': "'higher_is_better'"} -%}
    {{- return({
        'schemes': {
            'entity_type': entity_type,
            'scheme': name,
            'kind': {'type': 'choice', 'required': true, 'choices': ['rules', 'classification']},
            'applies_to': text,
            'scope_attribute': text,
            'review_every': count,
            'min_stay_periods': count_from_zero,
            'demotion': {'type': 'choice', 'choices': ['direct', 'one_step'], 'default': "'direct'"},
            'max_moved_share': number,
            'label': text,
            'description': text,
        },
        'segments': {
            'entity_type': entity_type,
            'scheme': name,
            'segment': name,
            'precedence': {'type': 'integer', 'required': true},
            'level': {'type': 'integer'},
            'is_default': flag,
            'label': text,
            'description': text,
        },
        'segment_rules': {
            'entity_type': entity_type,
            'scheme': name,
            'segment': name,
            'rule_group': name,
            'metric': name,
            'operator': {'type': 'choice', 'required': true, 'choices': ['>=', '>', '<=', '<']},
            'enter_threshold': required_number,
            'exit_threshold': number,
            'enter_after': count,
            'exit_after': count,
            'hold_periods': count_from_zero,
            'expire_after': {'type': 'integer', 'minimum': 1},
            'scope': {'type': 'text', 'default': "'*'"},
            'valid_from': date,
            'valid_to': date,
        },
        'display_bands': {
            'position': {'type': 'integer', 'required': true, 'minimum': 1},
            'attribute': name,
            'band': name,
            'lower_bound': number,
            'equals': text,
        },
        'perfect_store_standards': {
            'standard_set': name,
            'kpi': name,
            'kind': {'type': 'choice', 'required': true, 'choices': ['at_least', 'at_most', 'within', 'yes_no']},
            'pillar': text,
            'weight': required_number,
            'target': number,
            'tolerance': number,
            'is_must_have': flag,
            'valid_from': date,
            'valid_to': date,
        },
        'external_metrics': {
            'entity_type': entity_type,
            'metric': name,
            'aggregation': {'type': 'choice', 'choices': ['last', 'mean', 'sum'], 'default': "'last'"},
            'description': text,
        },
        'attribute_flags': {
            'entity_type': entity_type,
            'metric': name,
            'attribute': name,
            'values': {'type': 'text', 'required': true},
        },
        'score_weights': {
            'entity_type': entity_type,
            'score': name,
            'metric': name,
            'weight': required_number,
            'floor': required_number,
            'ceiling': required_number,
            'direction': direction,
            'missing': {'type': 'number', 'default': '0'},
        },
        'point_rules': {
            'event': name,
            'points': {'type': 'number', 'default': '1'},
            'per': {'type': 'text', 'default': "'event'"},
            'cap_per_period': number,
            'decay_per_period': {'type': 'number', 'default': '0'},
        },
        'cost_rates': {
            'activity': {'type': 'choice', 'required': true, 'choices': ['visit_minute', 'contact', 'complaint']},
            'channel': {'type': 'text', 'default': "'*'"},
            'unit_cost': required_number,
            'valid_from': date,
            'valid_to': date,
        },
        'kpi_targets': {
            'entity_type': entity_type,
            'scheme': name,
            'segment': name,
            'kpi': name,
            'target': required_number,
            'direction': direction,
            'valid_from': date,
            'valid_to': date,
        },
        'treatment_types': {
            'treatment': name,
            'unit': {'type': 'text', 'required': true},
            'combine': {'type': 'choice', 'required': true, 'choices': ['max', 'min', 'sum', 'union', 'priority']},
            'scheme_priority': text,
            'cost_metric': text,
            'label': text,
            'description': text,
        },
        'treatments': {
            'entity_type': entity_type,
            'scheme': name,
            'segment': name,
            'treatment': name,
            'value': name,
            'unit_cost': {'type': 'number', 'default': '0'},
            'effective_from': {'type': 'choice', 'choices': ['at_once', 'next_period', 'next_cycle'],
                               'default': "'at_once'"},
            'notice_periods': count_from_zero,
            'valid_from': date,
            'valid_to': date,
        },
        'time_rates': {
            'activity': {'type': 'choice', 'required': true, 'choices': ['visit', 'travel', 'working_day']},
            'key': {'type': 'text', 'default': "'*'"},
            'minutes': required_number,
            'valid_from': date,
            'valid_to': date,
        },
        'signals': {
            'entity_type': entity_type,
            'signal': {'type': 'choice', 'required': true, 'choices': signal_names()},
            'severity': {'type': 'choice', 'required': true, 'choices': ['critical', 'warning', 'info']},
            'recipients': text,
        },
        'translations': {
            'language': name,
            'key': name,
            'text': {'type': 'text', 'required': true},
        },
        'rfm_bands': {
            'measure': {'type': 'choice', 'required': true, 'choices': ['recency', 'frequency', 'monetary']},
            'score': {'type': 'integer', 'required': true, 'minimum': 1},
            'lower_bound': number,
            'valid_from': date,
            'valid_to': date,
        },
    }[file]) -}}
{% endmacro %}

{% macro policy_files() %}
    {{- return([
        'schemes', 'segments', 'segment_rules', 'display_bands', 'perfect_store_standards', 'external_metrics',
        'attribute_flags', 'score_weights', 'point_rules', 'cost_rates', 'kpi_targets', 'rfm_bands',
        'treatment_types', 'treatments', 'time_rates', 'signals', 'translations',
    ]) -}}
{% endmacro %}

{#- The columns that tell the lines of a file apart. scripts/policy_files.py finds lines by them. -#}
{% macro policy_key_columns(file) %}
    {{- return({
        'schemes': ['entity_type', 'scheme'],
        'segments': ['entity_type', 'scheme', 'segment'],
        'segment_rules': ['entity_type', 'scheme', 'segment', 'rule_group', 'metric', 'operator', 'scope', 'valid_from'],
        'display_bands': ['attribute', 'band'],
        'perfect_store_standards': ['standard_set', 'kpi', 'valid_from'],
        'external_metrics': ['entity_type', 'metric'],
        'attribute_flags': ['entity_type', 'metric'],
        'score_weights': ['entity_type', 'score', 'metric'],
        'point_rules': ['event'],
        'cost_rates': ['activity', 'channel', 'valid_from'],
        'kpi_targets': ['entity_type', 'scheme', 'segment', 'kpi', 'valid_from'],
        'rfm_bands': ['measure', 'score', 'valid_from'],
        'treatment_types': ['treatment'],
        'treatments': ['entity_type', 'scheme', 'segment', 'treatment', 'value', 'valid_from'],
        'time_rates': ['activity', 'key', 'valid_from'],
        'signals': ['entity_type', 'signal'],
        'translations': ['language', 'key'],
    }[file]) -}}
{% endmacro %}

{#- What the activation layer may find worth telling (macros/activation/segment_signals.sql, int_store_*_signals). -#}
{% macro signal_names() %}
    {{- return([
        'promoted', 'demoted', 'moved', 'returned', 'about_to_lose', 'about_to_gain', 'stopped_buying', 'buying_more',
        'override_expiring', 'override_contradicted', 'orders_bunched', 'treatment_alert',
    ]) -}}
{% endmacro %}
