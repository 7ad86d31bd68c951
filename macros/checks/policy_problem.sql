{#- The columns of one found problem. problem and fix are SQL text expressions; without a file the
    rows say themselves which they stand in. -#}
{% macro policy_problem(check_name, file, problem, fix, line_key='line_key') %}
    select
        '{{ check_name }}' as check_name,
        {{ "'" ~ file ~ ".csv'" if file else 'file' }} as file,
        {{ line_key }} as line_key,
        {{ problem }} as problem,
        {{ fix }} as fix
{%- endmacro %}

{#- One cell of a policy file that cannot be read as what its column holds. -#}
{% macro policy_cell_problems(file, column, spec) %}
    {%- set checks = [] -%}
    {%- if spec.required -%}
        {%- do checks.append(['missing_value', column ~ ' is null', 'fill it in']) -%}
    {%- endif -%}
    {%- if spec.type == 'choice' -%}
        {%- do checks.append([spec.check or 'unknown_choice',
            column ~ " not in ('" ~ spec.choices | join("', '") ~ "')",
            'use one of: ' ~ spec.choices | join(', ')]) -%}
    {%- elif spec.type == 'number' -%}
        {%- do checks.append(['not_a_number', column ~ ' is not null and not ' ~ is_number(column),
            'write digits with a decimal point, no thousands separator and no unit']) -%}
        {%- do checks.append(['number_does_not_fit',
            is_number(column) ~ ' and (' ~ policy_number(column) ~ ' is null or ' ~ is_rounded_number(column) ~ ')',
            'use a number below 1000000000000 (report in thousands) with at most 6 decimals']) -%}
    {%- elif spec.type == 'integer' -%}
        {%- do checks.append(['not_a_whole_number',
            column ~ ' is not null and ' ~ policy_integer(column) ~ ' is null',
            'write a whole number of at most 9 digits']) -%}
        {%- if 'minimum' in spec -%}
            {%- do checks.append(['count_too_small', policy_integer(column) ~ ' < ' ~ spec.minimum,
                'use ' ~ spec.minimum ~ ' or more' ~ ('' if spec.required else ', or leave it blank')]) -%}
        {%- endif -%}
    {%- elif spec.type == 'date' -%}
        {%- do checks.append(['not_a_date', column ~ ' is not null and ' ~ policy_date(column) ~ ' is null',
            'write a real day as YYYY-MM-DD, or leave it blank']) -%}
    {%- elif spec.type == 'boolean' -%}
        {%- do checks.append(['not_true_or_false',
            column ~ ' is not null and ' ~ policy_boolean(column) ~ ' is null', 'write true or false']) -%}
    {%- endif -%}
    {%- if spec.name -%}
        {%- do checks.append(['bar_in_name', 'position(\'|\' in ' ~ column ~ ') > 0',
            'take the | out of the name: it separates names in keys']) -%}
    {%- endif -%}
    {{- return(checks) -}}
{% endmacro %}
