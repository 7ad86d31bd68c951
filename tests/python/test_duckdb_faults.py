"""Faults of DuckDB 2.0.0 that would change a segment or stop a build, and what keeps them away."""

from __future__ import annotations

import shutil

import duckdb
import pytest
import yaml
from conftest import PROJECT, dbt, run_refresh

EXAMPLE = PROJECT / "examples" / "northwind"

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


# A CASE hands on now this column of the small table, now that one, for rows fewer than those they are joined with.
PLANTED_TABLES = [
    "create or replace table planted_dimension as"
    " select i::int as k, i * 1000000000 as a, i * 7000000000 as b from range(500) as t(i)",
    "create or replace table planted_rows as"
    " select i as id, (i % 500)::int as k, i // 60000 as part from range(200000) as t(i)",
    "create or replace table planted_large as select i as id, i % 7 as z from range(1000000) as t(i)",
]
ONE_COLUMN_OR_ANOTHER = """
with named as (
    select planted_rows.id, case when part = 0 then a when part = 1 then b else a + b end as v
    from planted_rows
    inner join planted_dimension on planted_rows.k = planted_dimension.k
)
select named.id, named.v, planted_large.z
from named
left join planted_large on named.id = planted_large.id
"""


def test_a_build_that_the_engine_fails_is_made_again_round_the_fault(northwind_build, tmp_path):
    with duckdb.connect() as con, pytest.raises(duckdb.InternalException, match="dict-surviving join"):
        for table in PLANTED_TABLES:
            con.execute(table)
        # where a newer DuckDB does not fail, the cure can go
        con.execute(f"create table planted as {ONE_COLUMN_OR_ANOTHER}")
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("dbt_packages", "target", "logs", "warehouse*"))
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(PROJECT)}]}))
    config = f"{{{{ config(materialized='table', pre_hook={PLANTED_TABLES}) }}}}"
    (project / "models" / "planted.sql").write_text(config + ONE_COLUMN_OR_ANOTHER)
    shutil.copytree(northwind_build.warehouse, tmp_path / "warehouse")
    said = run_refresh(tmp_path / "warehouse", PROJECT_DIR=project, DATA_DIR=EXAMPLE / "data").stdout
    assert "built again with" in said, said
    with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as con:
        ((schema,),) = con.execute("select schema_name from duckdb_tables() where table_name = 'planted'").fetchall()
        assert con.execute(f"select count(*) from {schema}.planted").fetchall() == [(200_000,)]
