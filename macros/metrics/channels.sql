{#- Order channels of the contract: each has its count of orders and its share. -#}
{% macro order_channels() %}
    {{- return(['rep', 'phone', 'email', 'portal', 'edi']) -}}
{% endmacro %}

{#- Channels of crm_interactions that have a metric of their own; every channel counts in interactions_<w>. -#}
{% macro interaction_channels() %}
    {{- return(['phone', 'email', 'chat', 'visit']) -}}
{% endmacro %}
