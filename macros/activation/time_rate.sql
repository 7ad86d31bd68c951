{#- CTEs of the minutes that hold today: `<activity>_minutes`, by key, and as a scalar those of all without a line. -#}
{% macro time_rates_today() -%}
time_rates as (
    select
        activity,
        key,
        minutes
    from {{ ref('policy_time_rates') }}
    where
        (valid_from is null or valid_from <= {{ as_of_date() }})
        and (valid_to is null or valid_to > {{ as_of_date() }})
),
{% endmacro %}

{#- The minutes of an activity for a joined line `alias`, else those of key *. -#}
{% macro minutes_of(activity, alias) -%}
    coalesce({{ alias }}.minutes, (select max(time_rates.minutes) from time_rates where time_rates.activity = '{{ activity }}' and time_rates.key = '*'))
{%- endmacro %}
