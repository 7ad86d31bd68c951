{#- The model and compare_model have exactly the same combinations of the columns: where `period_index` is one of
    them, in the periods that were made anew. -#}
{% test same_keys(model, compare_model, columns) %}
with here as (
    select {{ columns | join(', ') }} from {{ model }}
    {%- if 'period_index' in columns %}
    where period_index >= {{ first_untested_period() }}
    {%- endif %}
),

there as (
    select {{ columns | join(', ') }} from {{ in_touched_periods(compare_model) if 'period_index' in columns else compare_model }} as compared
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
