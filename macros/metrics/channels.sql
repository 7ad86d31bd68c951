{#- Order channels of the contract: each has its count of orders and its share. -#}
{% macro order_channels() %}
    {{- return(['rep', 'phone', 'email', 'portal', 'edi']) -}}
{% endmacro %}
