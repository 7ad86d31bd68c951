{#- scheme -> model that names its segments (kind `classification`), with a user's own
    (var extra_classification_models). -#}
{% macro classification_models(entity_type) %}
    {%- set models = {'store': {'display': 'int_store_display_segments'}}.get(entity_type, {}) -%}
    {%- do models.update((var('extra_classification_models', {}) or {}).get(entity_type, {})) -%}
    {{- return(models) -}}
{% endmacro %}
