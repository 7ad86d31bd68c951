"""Faults of DuckDB 2.0.0 that would change a segment, and that the profile's settings keep away."""

from __future__ import annotations

from conftest import dbt

# Correct is 1 and 2: they have a `v`, so the join finds nothing for them. Without the setting no row comes.
NESTED_LEFT_JOIN = """
with all_keys as (select unnest([1, 2, 3]) as k),
     keys as (select unnest([1, 2, 3]) as k),
     partial as (select unnest([1, 2]) as k, unnest([10, 20]) as v),
     joined as (select keys.k, partial.v from keys left join partial on keys.k = partial.k)
select all_keys.k
from all_keys
left join joined on all_keys.k = joined.k and joined.v is null
where joined.k is null
order by all_keys.k
"""


def test_a_nested_left_join_keeps_its_rows(tmp_path):
    shown = dbt(["show", "--inline", NESTED_LEFT_JOIN, "--limit", "-1"], tmp_path)
    assert [row[0] for row in shown.result.results[0].agate_table.rows] == [1, 2]
