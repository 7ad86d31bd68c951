"""The hysteresis step alone, on the evidence rows of the stores.

    python -m benchmarks.hysteresis prepare|loop|lag|recursive|one_period WAREHOUSE_DIR WORK_DIR

The step is the project's own: the compiled SQL of `int_store_segment_states`, with its inputs (a view) written
to a table before. `loop` runs it once for each period, `one_period` for the last one alone, `recursive` puts it
into a recursive CTE, and `lag` is a bare `lag()` over the same rows, written to a table of as many columns.
Each prints its own CPU and wall seconds (reading the inputs and writing the result, without starting Python).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import duckdb
import typer

MODEL, INPUTS = "int_store_segment_states", "int_store_conditions"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def nodes_of(warehouse: Path) -> dict[str, dict]:
    manifest = json.loads((warehouse / "target" / "manifest.json").read_text())
    return {node["name"]: node for node in manifest["nodes"].values()}


def step_sql(warehouse: Path, own: str, inputs: str) -> str:
    """The project's step, reading `inputs` and the rows before of `own`."""
    nodes = nodes_of(warehouse)
    model = nodes[MODEL]
    sql = (warehouse / "target" / "compiled" / model["package_name"] / model["original_file_path"]).read_text()
    for name, other in ((MODEL, own), (INPUTS, inputs)):
        if nodes[name]["relation_name"] not in sql:
            raise SystemExit(f"The step does not read {nodes[name]['relation_name']}.")
        sql = sql.replace(nodes[name]["relation_name"], other)
    return sql


def prepare(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """The step's inputs, in order of periods, and an empty table like the project's."""
    nodes = nodes_of(warehouse)
    con.execute(f"attach '{warehouse / 'build.duckdb'}' as build (read_only)")
    con.execute("use build")  # where the inputs, a view, find their tables
    inputs, own = nodes[INPUTS]["relation_name"], nodes[MODEL]["relation_name"]
    con.execute(f"create table hysteresis.inputs as select * from {inputs} order by period_index")
    con.execute("use hysteresis")
    con.execute(f"create table stepped as select * from {own} where false")
    last = con.execute("select max(period_index) from inputs").fetchone()[0]
    con.execute(f"create table before_last as select * from {own} where period_index < {last} order by period_index")


def loop(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    con.execute("create or replace table result as select * from stepped")
    sql = step_sql(warehouse, "result", "inputs")
    for (period,) in con.execute("select distinct period_index from inputs order by 1").fetchall():
        con.execute(f"insert into result by name select * from ({sql}) as step where period_index = {period}")


def one_period(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    last = con.execute("select max(period_index) from inputs").fetchone()[0]
    sql = step_sql(warehouse, "before_last", "inputs")
    con.execute(f"insert into before_last by name select * from ({sql}) as step where period_index = {last}")


def recursive(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    first = step_sql(warehouse, "stepped", "inputs")
    step = step_sql(warehouse, "walk", "inputs")
    con.execute(f"""
        create or replace table result as
        with recursive walk as (
            select * from ({first}) as step where period_index = (select min(period_index) from inputs)
            union all
            select * from ({step}) as step where period_index = (select max(period_index) + 1 from walk)
        )
        select * from walk
    """)


def lag(con: duckdb.DuckDBPyConnection, _: Path) -> None:
    given = {row[0] for row in con.execute("describe inputs").fetchall()}
    own = con.execute("describe stepped").fetchall()
    kept = [row[0] for row in own if row[0] in given]
    # a table of as many columns: what else the step would add is filled with constants
    constants = ", ".join(
        f"cast({'false' if row[1] == 'BOOLEAN' else '1'} as {row[1]}) as {row[0]}"
        for row in [row for row in own if row[0] not in given][1:]
    )
    con.execute(f"""
        create or replace table result as
        select
            {", ".join(kept)}, {constants},
            lag(value) over (partition by store_id, condition_id order by period_index) as value_before
        from inputs
    """)


@app.command()
def main(
    what: Annotated[str, typer.Argument(help="prepare, loop, lag, recursive or one_period.")],
    warehouse: Annotated[Path, typer.Argument(help="Warehouse folder of a full build.")],
    work: Annotated[Path, typer.Argument(help="Folder for the result.")],
    memory_limit: Annotated[str, typer.Option(help="Memory limit of DuckDB.")] = "4GB",
) -> None:
    """Run one of the formulations and print its cost as JSON."""
    file = work / "hysteresis.duckdb"
    if what == "prepare":
        file.unlink(missing_ok=True)
    with duckdb.connect(file) as con:
        con.execute(f"set threads = 2; set memory_limit = '{memory_limit}'; set preserve_insertion_order = false")
        wall, cpu = time.monotonic(), time.process_time()
        globals()[what](con, warehouse)
        con.execute("checkpoint")
        cost = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}
        if what in ("loop", "recursive"):
            cost["differing_rows"] = differing(con, warehouse)
        if what == "one_period":
            last = con.execute("select max(period_index) from inputs").fetchone()[0]
            con.execute(f"delete from before_last where period_index = {last}")
    print(json.dumps(cost))


def differing(con: duckdb.DuckDBPyConnection, warehouse: Path) -> int:
    con.execute(f"attach '{warehouse / 'build.duckdb'}' as build (read_only)")
    columns = ", ".join(row[0] for row in con.execute("describe stepped").fetchall())
    own = nodes_of(warehouse)[MODEL]["relation_name"]
    return con.execute(
        f"select count(*) from (select {columns} from result except all select {columns} from {own})"
    ).fetchone()[0]


if __name__ == "__main__":
    app()
