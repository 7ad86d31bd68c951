"""Two builds of one company, on DuckDB and on PostgreSQL, compared row by row."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb
from conftest import connect

# A hash of the key, which is another one on every engine.
NOT_COMPARED = {"bucket"}
# What publishing stamps anew each time.
STAMPS = {
    *("run_id", "published_at", "duration_seconds"),
    *("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"),
}


def differing_rows(
    duckdb_file: Path,
    schema: str,
    server: dict[str, str],
    server_schema: str,
    not_compared: set[str] = NOT_COMPARED,
    without: set[str] = frozenset(),
) -> dict[str, int]:
    """Rows of each table or view of a schema that only one of the two builds has; every table is named, but for
    those of `without`. `not_compared` are columns.

    A table or column that one build lacks is an AssertionError. PostgreSQL's rows are read with the types that
    DuckDB's columns have, so that 0.5 equals 0.500000; what does not fit them is an error.
    """
    found: dict[str, int] = {}
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder,
        duckdb.connect(str(duckdb_file), read_only=True) as file,
        closing(connect(server)) as connection,
        connection.cursor() as cursor,
    ):
        columns = {name: types for name, types in file_columns(file, schema).items() if name not in without}
        theirs = {name: found for name, found in server_columns(cursor, server_schema).items() if name not in without}
        assert columns.keys() == theirs.keys(), f"tables of one build alone: {sorted(columns.keys() ^ theirs.keys())}"
        for table, types in columns.items():
            alone = types.keys() ^ theirs[table]
            assert not alone, f"columns of {table} in one build alone: {sorted(alone)}"
            csv = Path(folder) / "rows.csv"
            names = [column for column in types if column not in not_compared]
            listed = ", ".join(f'"{name}"' for name in names)
            with open(csv, "wb") as target:
                cursor.copy_expert(
                    f'copy (select {listed} from "{server_schema}"."{table}") to stdout (format csv, force_quote *)',
                    target,
                )
            spec = ", ".join(f"'{name}': '{types[name]}'" for name in names)
            theirs_read = (
                f"select {listed} from read_csv('{csv}', auto_detect = false, header = false, delim = ',',"
                f" quote = '\"', escape = '\"', allow_quoted_nulls = false, columns = {{{spec}}})"
            )
            ours = f'select {listed} from "{schema}"."{table}"'
            # Each row counts for one side or for the other: what does not cancel out differs.
            (found[table],) = file.execute(
                f"select coalesce(sum(abs(surplus)), 0)::bigint from (select {listed}, sum(side) as surplus"
                f" from (select 1 as side, * from ({ours}) union all select -1 as side, * from ({theirs_read}))"
                f" group by {listed})"
            ).fetchone()
            csv.unlink()
    return found


def published_differences(duckdb_file: Path, server: dict[str, str]) -> dict[str, int]:
    """The same of everything that two refreshes have published; a table that does not differ is left out."""
    found = differing_rows(duckdb_file, "main", server, "segmentation", NOT_COMPARED | STAMPS)
    assert len(found) > 20
    return {table: rows for table, rows in found.items() if rows}


def file_columns(file: duckdb.DuckDBPyConnection, schema: str) -> dict[str, dict[str, str]]:
    """{table: {column: type}} of a schema of a DuckDB file."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in file.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = current_database() and table_schema = ? order by table_name, ordinal_position",
        [schema],
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def server_columns(cursor, schema: str) -> dict[str, set[str]]:
    """{table: columns} of a schema of a PostgreSQL database."""
    cursor.execute("select table_name, column_name from information_schema.columns where table_schema = %s", [schema])
    tables: dict[str, set[str]] = {}
    for table, column in cursor.fetchall():
        tables.setdefault(table, set()).add(column)
    return tables
