-- One row per policy line that stands twice in its file.
with

{% for file in policy_files() %}
{{ file }}_texts as ({{ policy_texts(file) }}
),

{% endfor %}
problems as (
    {% for file in policy_files() %}
    {{ policy_problem(
        'duplicate_key',
        file,
        "'there are ' || cast(count(*) as " ~ dbt.type_string() ~ ") || ' lines with the same "
        ~ policy_key_columns(file) | join(', ') ~ "'",
        "'keep one of them'",
    ) }}
    from {{ file }}_texts
    group by line_key
    having count(*) > 1
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from problems
