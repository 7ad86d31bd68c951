-- The nodes of products without a code keep totals whole but are no product group anyone decides on.
{% set unknown_nodes = [] -%}
{% for level in var('product_levels', ['category', 'brand', 'group', 'product']) -%}
{% do unknown_nodes.append("'" ~ level ~ ":unknown'") -%}
{% endfor -%}
{{ scheme_members('product_group', entities='product_group_id not in (' ~ unknown_nodes | join(', ') ~ ')') }}
