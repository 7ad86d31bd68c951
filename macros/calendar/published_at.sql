{#- Whether this run adds to the record of what was published: scripts/refresh.py sets env PUBLISHES to `no` for a day
    before the last published one. -#}
{% macro records_publication() -%}
    {{ 'false' if env_var('PUBLISHES', '') == 'no' else 'true' }}
{%- endmacro %}

{#- When this run publishes: as_of_date with the run's time of day in UTC. scripts/refresh.py sets env
    PUBLISHED_AT where that would lie before something already published (the same day built again). -#}
{% macro published_at() %}
    {%- set given = env_var('PUBLISHED_AT', '') -%}
    {%- if given -%}
    cast('{{ given }}' as timestamp)
    {%- else -%}
    cast(cast({{ as_of_date() }} as {{ dbt.type_string() }}) || ' {{ run_started_at.strftime("%H:%M:%S") }}' as timestamp)
    {%- endif -%}
{%- endmacro %}
