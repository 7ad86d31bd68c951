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
    }[file]) -}}
{% endmacro %}

{% macro policy_files() %}
    {{- return(['schemes', 'segments', 'segment_rules', 'display_bands', 'perfect_store_standards']) -}}
{% endmacro %}

{#- The columns that tell the lines of a file apart. scripts/policy_files.py finds lines by them. -#}
{% macro policy_key_columns(file) %}
    {{- return({
        'schemes': ['entity_type', 'scheme'],
        'segments': ['entity_type', 'scheme', 'segment'],
        'segment_rules': ['entity_type', 'scheme', 'segment', 'rule_group', 'metric', 'operator', 'scope', 'valid_from'],
        'display_bands': ['attribute', 'band'],
        'perfect_store_standards': ['standard_set', 'kpi', 'valid_from'],
    }[file]) -}}
{% endmacro %}
