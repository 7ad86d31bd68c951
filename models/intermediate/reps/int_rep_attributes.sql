with reps as (
    select * from {{ ref('int_reps') }}
),

final as (
    {%- for column in ['region', 'manager_id'] %}
    select
        rep_id,
        '{{ column }}' as attribute,
        {{ column }} as value
    from reps
    where {{ column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {{- union_extra_attributes('rep') }}
)

select * from final
