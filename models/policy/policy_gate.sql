-- All problems of the policy files. Its tests, one a check, stop the build before anything reads policy.
with

problems as (
    {% for part in [
        'types', 'cells', 'keys', 'schemes', 'segments', 'ladders', 'rules', 'metrics', 'versions', 'display',
        'standards', 'scores', 'activation'
    ] -%}
    select * from {{ ref('policy_problems_' ~ part) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- A line that stands twice would be named twice by what joins to it.
final as (
    select distinct
        cast('error' as {{ dbt.type_string() }}) as severity,
        cast(check_name as {{ dbt.type_string() }}) as check_name,
        cast(file as {{ dbt.type_string() }}) as file,
        cast(line_key as {{ dbt.type_string() }}) as line_key,
        -- A name that is itself blank makes the whole text NULL; its cell is reported beside it.
        cast(coalesce(problem, 'a name it needs is blank') as {{ dbt.type_string() }}) as problem,
        cast(coalesce(fix, 'fill in the line') as {{ dbt.type_string() }}) as fix
    from problems
)

select * from final
