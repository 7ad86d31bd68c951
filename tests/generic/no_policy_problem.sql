{#- Fails with the lines of the policy files that one check refuses. Written for the gate: a failing
    test of it skips all that is downstream. -#}
{% test no_policy_problem(model, column_name, check_name) %}
select
    file,
    line_key,
    problem,
    fix
from {{ model }}
where {{ column_name }} = '{{ check_name }}'
{% endtest %}
