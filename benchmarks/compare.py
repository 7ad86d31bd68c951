"""Whether contenders computed the same: marts compared row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

ENTITIES = ("store", "rep", "product_group")
BUILD_SCHEMA = "segmentation_build"
SCHEMAS = [BUILD_SCHEMA, *(f"{BUILD_SCHEMA}_{layer}" for layer in ("policy", "staging", "intermediate"))]
APPENDED = ["fct_runs", *(f"snap_{entity}_segments" for entity in ENTITIES)]


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Comparing whole marts needs room: what does not fit goes to a folder of its own."""
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as con:
        con.execute(f"set memory_limit = '3GB'; set temp_directory = '{spill}'")
        yield con


def differences(con: duckdb.DuckDBPyConnection, ours: str, theirs: str, columns: list[str]) -> tuple[int, int]:
    """Rows of one side that the other has not, and the rows compared. Equal sums of row hashes are believed."""
    types = {row[0]: row[1] for row in con.execute(f"describe {ours}").fetchall()}
    listed = ", ".join(f"cast({name} as {types[name]}) as {name}" for name in columns)
    ours, theirs = (f"select {listed} from {side}" for side in (ours, theirs))
    told, wanted = (
        con.execute(f"select count(*), sum(hash({', '.join(columns)})) from ({side}) as given").fetchone()
        for side in (ours, theirs)
    )
    if told == wanted:
        return 0, told[0]
    only = (f"(select count(*) from ({one} except all {other}))" for one, other in ((ours, theirs), (theirs, ours)))
    return con.execute(f"select {' + '.join(only)}").fetchone()[0], told[0]


def compare_marts(build: Path, lower_bound: Path) -> dict[str, tuple[int, int]]:
    """{mart: (differing rows, rows)} of this project's build and the lower bound's file: every mart that the lower
    bound has, on every column that it computes."""
    with connect() as con:
        con.execute(f"attach '{build}' as build (read_only); attach '{lower_bound}' as bound (read_only)")
        marts = con.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = 'bound' and table_name like 'fct%' group by all order by all"
        ).fetchall()
        return {
            mart: differences(con, f"build.{BUILD_SCHEMA}.{mart}", f"bound.{mart}", columns) for mart, columns in marts
        }


def compare_builds(build: Path, other: Path) -> dict[str, tuple[int, int]]:
    """{table: (differing rows, rows)} of a full build and the same inputs in several deliveries: every column of
    every table, from staging to marts. What is only ever appended is left out; views say what their tables say."""
    with connect() as con:
        con.execute(f"attach '{build}' as one (read_only); attach '{other}' as two (read_only)")
        tables = con.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index) "
            "from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name) "
            "where database_name = 'one' and schema_name in ? and table_name not in ? group by all order by all",
            [SCHEMAS, APPENDED],
        ).fetchall()
        return {table: differences(con, f"one.{table}", f"two.{table}", columns) for table, columns in tables}


def compare_segments(build: Path, segments: Path) -> dict[str, tuple[int, int]]:
    """{entity type and scheme: (rows whose computed segment differs, rows)} of a dataframe contender, of the schemes
    that it computes."""
    with connect() as con:
        con.execute(f"attach '{build}' as build (read_only)")
        union = " union all ".join(
            f"select '{entity}' as entity_type, {entity}_id as entity_id, scheme, period_index, computed_segment "
            f"from build.{BUILD_SCHEMA}.fct_{entity}_segment_history"
            for entity in ENTITIES
        )
        rows = con.execute(f"""
            select entity_type || ' ' || scheme,
                count(*) filter (ours.computed_segment is distinct from theirs.segment), count(*)
            from (
                select * from ({union})
                semi join (select distinct entity_type, scheme from read_parquet('{segments}')) as computed
                    using (entity_type, scheme)
            ) as ours
            full join read_parquet('{segments}') as theirs using (entity_type, entity_id, scheme, period_index)
            group by all order by all
        """).fetchall()
        return {name: (different, total) for name, different, total in rows}


def sizes(build: Path) -> dict[str, tuple[int, int]]:
    """{mart: (rows, bytes)}; bytes are the blocks that a table fills, so a small table has at least one. Evidence is a
    view of the states of conditions: their bytes are its own; other views take none."""
    with connect() as con:
        con.execute(f"attach '{build}' as build (read_only); use build")
        block = con.execute("select block_size from pragma_database_size() where database_name = 'build'").fetchone()[0]
        found = {}
        for mart, kind in con.execute(
            "select table_name, table_type from information_schema.tables where table_catalog = 'build' and table_schema = ? "
            "and (table_name like 'fct%' or table_name like 'dim%') order by all",
            [BUILD_SCHEMA],
        ).fetchall():
            table = f"{BUILD_SCHEMA}.{mart}"
            if mart.endswith("_evidence"):
                table = f"{BUILD_SCHEMA}_intermediate.int_{mart[4:].replace('evidence', 'states')}"
            elif kind == "VIEW":
                found[mart] = (con.execute(f"select count(*) from {table}").fetchone()[0], 0)
                continue
            rows = con.execute(f"select count(*) from {table}").fetchone()[0]
            blocks = con.execute(
                f"select count(distinct block_id) from pragma_storage_info('{table}') where block_id >= 0"
            ).fetchone()[0]
            found[mart] = (rows, blocks * block)
        return found
