{#- The model and compare_model have exactly the same combinations of the columns. -#}
{% test same_keys(model, compare_model, columns) %}
with here as (
    select {{ columns | join(', ') }} from {{ model }}
),

there as (
    select {{ columns | join(', ') }} from {{ in_touched_periods(compare_model) }} as compared
),

missing as (
    select * from there
    except
    select * from here
),

unexpected as (
    select * from here
    except
    select * from there
),

final as (
    select
        'missing' as problem,
        missing.*
    from missing
    union all
    select
        'unexpected' as problem,
        unexpected.*
    from unexpected
)

select * from final
{% endtest %}
