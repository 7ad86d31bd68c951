"""Puts the listed tables of the build database into the published file, at once or not at all."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts.warehouse import (
    RefreshError,
    Warehouse,
    create_runs_sql,
    published_spec,
    quoted,
    replace_file,
    table_exists,
)

# The newest storage that the DuckDB of common BI tools reads.
STORAGE_VERSION = "v1.4.0"


@dataclass(frozen=True)
class Run:
    """What is recorded of one build."""

    run_id: str
    company: str
    as_of_date: dt.date
    published_at: dt.datetime
    is_snapshot_taken: bool
    policy_hash: str
    dbt_version: str
    project_version: str


def publish(warehouse: Warehouse, run: Run, duration_seconds: float) -> None:
    folder = warehouse.path / f".publishing-{os.getpid()}"
    folder.mkdir()
    # The same base name as in the end: DuckDB names the database after it.
    new = folder / warehouse.published.name
    try:
        with duckdb.connect() as con:
            con.execute(f"attach {quoted(warehouse.build_db)} as build (read_only)")
            con.execute(f"attach {quoted(new)} as target (storage_version {quoted(STORAGE_VERSION)})")
            spec = published_spec()
            columns = columns_to_publish(con, warehouse, spec)
            for name, table in spec["tables"].items():
                if name != "fct_runs":
                    select = select_sql(warehouse, name, table, columns[name], spec["evidence_periods"])
                    con.execute(f"create table target.main.{name} as {select}")
            write_runs(con, warehouse, run, duration_seconds)
            check_published(con, columns)
            con.execute("checkpoint target")
            con.execute("detach target")
        replace_file(new, warehouse.published)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def columns_to_publish(con, warehouse: Warehouse, spec: dict) -> dict[str, list[str]]:
    """The listed columns of every table, those of a pattern spelled out; an error when one is missing."""
    missing, result = [], {}
    for name, table in spec["tables"].items():
        if name == "fct_runs":
            continue
        have = build_columns(con, warehouse, name, table)
        listed = list(table["columns"])
        missing += [f"{name}.{column}" if have else name for column in listed if column not in have]
        pattern = table.get("pattern")
        result[name] = listed + [
            column for column in have if pattern and column not in listed and fnmatch.fnmatch(column, pattern)
        ]
    if missing:
        raise RefreshError(
            "These tables or columns of scripts/published.yml are not in the build database: "
            + ", ".join(dict.fromkeys(missing))
            + ". Nothing was published."
        )
    return result


def build_columns(con, warehouse: Warehouse, name: str, table: dict) -> list[str]:
    layer = table.get("schema")
    schema = f"{warehouse.build_schema}_{layer}" if layer else warehouse.build_schema
    rows = con.execute(
        "select column_name from information_schema.columns"
        " where table_catalog = 'build' and table_schema = ? and table_name = ? order by ordinal_position",
        [schema, name],
    ).fetchall()
    return [row[0] for row in rows]


def select_sql(warehouse: Warehouse, name: str, table: dict, columns: list[str], evidence_periods: int) -> str:
    source = f"build.{warehouse.relation(table.get('schema'), name)}"
    chosen = ", ".join(f'rows_in_build."{column}"' for column in columns)
    select = f"select {chosen} from {source} as rows_in_build"
    if "evidence" not in table:
        return select
    key = table["evidence"]["key"]
    history = f"build.{warehouse.relation(None, table['evidence']['history'])}"
    return f"""{select}
        where rows_in_build.period_index > (select max(period_index) from {source}) - {evidence_periods}
            or exists (
                select 1 from {history} as changes
                where changes.is_change
                    and changes.{key} = rows_in_build.{key}
                    and changes.scheme = rows_in_build.scheme
                    and changes.period_index = rows_in_build.period_index
            )"""


def write_runs(con, warehouse: Warehouse, run: Run, duration_seconds: float) -> None:
    con.execute(create_runs_sql("target.main.fct_runs"))
    con.execute(f"insert into target.main.fct_runs by name select * from build.{warehouse.relation(None, 'fct_runs')}")
    ledger = con.execute(
        "select table_name, rows_in, rows_staged, rows_rejected, rows_not_yet_known"
        " from target.main.fct_input_ledger order by table_name"
    ).fetchall()
    counts = ("rows_in", "rows_staged", "rows_rejected", "rows_not_yet_known")
    record = vars(run) | {
        **{count: sum(row[place] or 0 for row in ledger) for place, count in enumerate(counts, start=1)},
        "input_counts": json.dumps({row[0]: dict(zip(counts, row[1:], strict=True)) for row in ledger}),
        "duration_seconds": round(duration_seconds, 3),
    }
    names = ", ".join(record)
    con.execute(
        f"insert into target.main.fct_runs ({names}) values ({', '.join('?' for _ in record)})", list(record.values())
    )


def check_published(con, columns: dict[str, list[str]]) -> None:
    """What was written is what is listed, to the column."""
    for name, wanted in columns.items():
        have = [row[0] for row in con.execute(f"describe target.main.{name}").fetchall()]
        if have != wanted:
            raise RefreshError(f"The published {name} has the columns {have}, not {wanted}. Nothing was published.")
    if not table_exists(con, "target", "main", "fct_runs"):
        raise RefreshError("The published file has no fct_runs. Nothing was published.")


def published_size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:.1f} MB"
