{#- The model and compare_model have exactly the same combinations of the columns. -#}
{% test same_keys(model, compare_model, columns) %}
with here as (
    select {{ columns | join(', ') }} from {{ model }}
),

there as (
    select {{ columns | join(', ') }} from {{ compare_model }}
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
