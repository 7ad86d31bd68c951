"""The materialization `stepwise` alone: a running total as a step, large enough that DuckDB writes several row
groups in a step, under a profile that keeps the order of rows (a user's own may)."""

from __future__ import annotations

import shutil

import duckdb
import pytest
from conftest import PROJECT, dbt

IDS = 600_000
TOTAL = """
with inputs as (
    select * from {{ ref('inputs') }}
),

before as (
    select id, period_index + 1 as next_period_index, total from {{ this }}
)

select
    inputs.id,
    inputs.period_index,
    inputs.value,
    coalesce(before.total, 0) + inputs.value as total
from inputs
left join before on inputs.id = before.id and inputs.period_index = before.next_period_index
"""
COLUMNS = {
    "id": "varchar",
    "period_index": "integer",
    "value": "bigint",
    "total": "bigint",
}


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stepwise")
    project = folder / "project"
    for name in ("macros/materializations", "macros/cross_db", "macros/calendar"):
        shutil.copytree(PROJECT / name, project / name)
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(
        "name: dynamic_segmentation\nversion: 1.0.0\nprofile: steps\non-run-start: '{{ create_build_record() }}'\n"
    )
    (project / "profiles.yml").write_text(
        "steps:\n  target: duckdb\n  outputs:\n    duckdb:\n      type: duckdb\n"
        "      path: \"{{ env_var('WAREHOUSE_DIR') }}/build.duckdb\"\n      threads: 2\n"
    )
    (project / "models" / "inputs.sql").write_text("{{ config(materialized='view') }}\nselect * from raw.given\n")
    columns = "".join(f"      - {{name: {name}, data_type: {kind}}}\n" for name, kind in COLUMNS.items())
    (project / "models" / "models.yml").write_text(
        "models:\n  - name: totals\n    config: {materialized: stepwise, periods: all, contract: {enforced: true}}\n"
        f"    columns:\n{columns}"
    )
    (folder / "warehouse").mkdir()
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb")) as con:
        con.execute("create schema raw")
        con.execute(
            "create table raw.given as select 'S' || i as id, cast(p as integer) as period_index,"
            f" cast(i % 7 + p as bigint) as value from range({IDS}) a(i), range(1, 4) b(p)"
        )
    return folder


def run(steps, change: str | None = None, sql: str = TOTAL) -> list[tuple]:
    """Rows, and rows that are not the running total of the inputs, after a change of the inputs."""
    (steps / "project" / "models" / "totals.sql").write_text(sql)
    with duckdb.connect(str(steps / "warehouse" / "build.duckdb")) as con:
        if change:
            con.execute(change)
    dbt(
        ["run"],
        steps / "warehouse",
        DBT_PROJECT_DIR=steps / "project",
        DBT_PROFILES_DIR=steps / "project",
    )
    with duckdb.connect(str(steps / "warehouse" / "build.duckdb"), read_only=True) as con:
        return con.execute(
            """
            with wanted as (
                select id, period_index, sum(value) over (partition by id order by period_index) as total from raw.given
            )
            select
                (select count(*) from main.totals),
                count(*) filter (totals.total is distinct from wanted.total)
            from wanted full join main.totals using (id, period_index)
            """
        ).fetchall()


def test_every_step_sees_the_rows_of_the_step_before(steps):
    assert run(steps) == [(3 * IDS, 0)]


def test_what_changed_is_found_without_being_told(steps):
    run(steps)
    assert run(steps, "update raw.given set value = 100 where id = 'S5' and period_index = 2") == [(3 * IDS, 0)]
    assert run(steps, "delete from raw.given where id = 'S6' and period_index = 3") == [(3 * IDS - 1, 0)]
    assert run(steps, "insert into raw.given values ('S6', 3, 1)") == [(3 * IDS, 0)]


def test_another_version_of_the_step_writes_every_row_anew(steps):
    run(steps)
    assert run(steps, sql=TOTAL.replace("+ inputs.value as", "+ 1 * inputs.value as")) == [(3 * IDS, 0)]
