{#- The SQL type of a contract type, as it stands in the sources' YAML. -#}
{% macro contract_type(data_type) %}
    {{- return({'string': dbt.type_string(), 'timestamp': dbt.type_timestamp()}.get(data_type, data_type)) -}}
{% endmacro %}

{#- The source node of a contract table. -#}
{% macro contract_source(table) %}
    {{- return(graph.sources['source.dynamic_segmentation.' ~ table.split('_')[0] ~ '.' ~ table]) -}}
{% endmacro %}

{#- {column: contract type} of a contract table, from the sources' YAML. Empty while dbt parses and in
    unit tests, where there is no graph: what is unit-tested names its columns itself. -#}
{% macro contract_columns(table) %}
    {%- set columns = {} -%}
    {%- if execute and graph.sources -%}
        {%- for column in contract_source(table).columns.values() -%}
            {%- do columns.update({column.name: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}

{#- A select of one contract table as the company delivers it: from the source; from the model of that
    name where var inputs_from_models lists it; no rows, typed, where var missing_inputs lists it.
    Columns in var missing_columns are typed NULLs. -#}
{% macro contract_input(table, columns=none) %}
    {%- set columns = columns or contract_columns(table) -%}
    {%- set is_missing = table in (var('missing_inputs', none) or []) -%}
    {%- set missing_columns = (var('missing_columns', none) or {}).get(table, []) | map('lower') | list -%}
    {%- if not is_missing -%}
        {%- set relation = ref(table) if table in (var('inputs_from_models', none) or [])
            else source(table.split('_')[0], table) -%}
    {%- endif -%}
    select
    {%- for column, data_type in columns.items() %}
        {% if is_missing or column in missing_columns -%}
        cast(null as {{ contract_type(data_type) }}) as {{ column }}
        {%- else -%}
        {{ column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
    {%- else %} 1 as no_columns
    {%- endfor %}
    {% if is_missing -%} where 1 = 0 {%- else -%} from {{ relation }} {%- endif -%}
{% endmacro %}
