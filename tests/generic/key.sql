{#- unique_combination of one column: it is never NULL, and no two rows share a value. One scan, where not_null and
    unique are two. -#}
{% test key(model, column_name) %}
{{ dynamic_segmentation.test_unique_combination(model, [column_name]) }}
{% endtest %}
