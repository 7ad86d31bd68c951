-- What in the policy works but is hardly meant: shown in the summary, never stops a build.
with

remarks as (
    {% for part in ['scopes', 'ladders', 'windows', 'links'] -%}
    select * from {{ ref('policy_remarks_' ~ part) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        cast('remark' as {{ dbt.type_string() }}) as severity,
        cast(check_name as {{ dbt.type_string() }}) as check_name,
        cast(file as {{ dbt.type_string() }}) as file,
        cast(line_key as {{ dbt.type_string() }}) as line_key,
        cast(problem as {{ dbt.type_string() }}) as problem,
        cast(fix as {{ dbt.type_string() }}) as fix
    from remarks
)

select * from final
