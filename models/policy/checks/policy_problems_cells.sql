-- One row per cell of a policy file that cannot be read as what its column holds.
-- Materialized: a hundred checks read each file, and would each clean it anew.
with

{% for file in policy_files() %}
{{ file }}_texts as materialized ({{ policy_texts(file) }}
),

{% endfor %}
problems as (
    {% for file in policy_files() %}
    {%- for column, spec in policy_columns(file).items() %}
    {%- for check_name, predicate, fix in policy_cell_problems(file, column, spec) %}
    {{ policy_problem(
        check_name,
        file,
        "'" ~ column ~ " is ' || coalesce('\"' || " ~ column ~ " || '\"', 'blank')",
        "'" ~ fix ~ "'",
    ) }}
    from {{ file }}_texts
    where {{ predicate }}
    union all
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {{ policy_problem('none', 'none', 'cast(null as ' ~ dbt.type_string() ~ ')', "''", "''") }}
    where 1 = 0
)

select * from problems
