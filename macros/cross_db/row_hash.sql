{#- A number that differs when any of the expressions differs (NULLs count), for comparing content. -#}
{% macro row_hash(expressions) %}
    {{- return(adapter.dispatch('row_hash', 'dynamic_segmentation')(expressions)) -}}
{% endmacro %}
{#- By the text: PostgreSQL's own hash of a number leaves its sign out, and that of a row adds up, so that sums over
    rows would not see two values change places. -#}
{% macro default__row_hash(expressions) -%}
    hashtextextended(cast(row({{ expressions | join(', ') }}) as text), 0)
{%- endmacro %}
{% macro duckdb__row_hash(expressions) -%}
    hash({{ expressions | join(', ') }})
{%- endmacro %}

{#- Between `as` and `(` of a CTE whose columns are dear and used more than once: PostgreSQL would write their
    expressions out at every use (a base model took five times as long). -#}
{% macro evaluated_once() %}
    {{- return(adapter.dispatch('evaluated_once', 'dynamic_segmentation')()) -}}
{% endmacro %}
{% macro default__evaluated_once() %}{% endmacro %}
{% macro postgres__evaluated_once() -%}materialized{%- endmacro %}

{#- The same of a CTE that more than one reads: to be kept, since it is short, or to be read again at each use,
    since it is as long as an input and would fill the memory. -#}
{% macro kept() -%}materialized{%- endmacro %}
{% macro not_kept() -%}not materialized{%- endmacro %}

{#- Between `as` and `(` of a CTE that is to be joined before the rest of the query, where DuckDB's guess of the row
    numbers is far off. It still filters inside; PostgreSQL would not, and needs no help. -#}
{% macro joined_first() %}
    {{- return(adapter.dispatch('joined_first', 'dynamic_segmentation')()) -}}
{% endmacro %}
{% macro default__joined_first() %}{% endmacro %}
{% macro duckdb__joined_first() -%}materialized{%- endmacro %}

{#- Run once a command: the cores that one statement of DuckDB may take, where env DUCKDB_THREADS names a number. -#}
{% macro limit_threads() %}
    {{- return(adapter.dispatch('limit_threads', 'dynamic_segmentation')()) -}}
{% endmacro %}
{% macro default__limit_threads() %}{% endmacro %}
{% macro duckdb__limit_threads() %}
    {%- if env_var('DUCKDB_THREADS', '') -%} set threads = {{ env_var('DUCKDB_THREADS') | int }} {%- endif -%}
{% endmacro %}

{#- Run once after BEGIN of a transaction that writes a table of periods. PostgreSQL has no statistics of rows just
    written, nor of joins by range, and would choose nested loops for the joins on top: quadratic. -#}
{% macro begin_stepping() %}
    {{- return(adapter.dispatch('begin_stepping', 'dynamic_segmentation')()) -}}
{% endmacro %}
{% macro default__begin_stepping() %}{% endmacro %}
{% macro postgres__begin_stepping() %}
    {%- call statement('begin_stepping') -%}
    set local enable_nestloop = off; set local jit = off
    {%- endcall -%}
{% endmacro %}

{#- Post-hook of everything that makes a table: PostgreSQL knows nothing of a table just written until autovacuum comes by,
    minutes later, and guesses that it is nearly empty: joins on it become nested loops. -#}
{% macro collect_statistics() %}
    {{- return(adapter.dispatch('collect_statistics', 'dynamic_segmentation')()) -}}
{% endmacro %}
{% macro default__collect_statistics() %}{% endmacro %}
{% macro postgres__collect_statistics() -%}
    {%- if model.config.materialized != 'view' -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}
