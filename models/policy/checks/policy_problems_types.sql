-- One row per policy file of which a column was not loaded as text, so that what stood in it may be lost.
with

other_types as (
    {% for file in policy_files() %}
    {%- for column in policy_columns(file) %}
    select
        '{{ file }}.csv' as file,
        '{{ column }}' as column_name
    from {{ ref(file) }}
    where {{ column }} is not null and not {{ is_text(column) }}
    union
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as file,
        cast(null as {{ dbt.type_string() }}) as column_name
    where 1 = 0
),

files as (
    select
        file,
        {{ text_list('column_name', ', ') }} as column_names
    from other_types
    group by file
),

problems as (
    {{ policy_problem(
        'not_loaded_as_text', none,
        "'not loaded as text, so that leading zeros and the like are lost: ' || column_names",
        "'give the seed +column_types in dbt_project.yml, text for every column'",
        line_key="'every line'",
    ) }}
    from files
)

select * from problems
