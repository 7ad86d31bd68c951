{#- Fails with every line of the policy files that a check refuses. Written for the gate: its failure skips
    all that is downstream. -#}
{% test no_policy_problem(model) %}
select
    check_name,
    file,
    line_key,
    problem,
    fix
from {{ model }}
{% endtest %}
