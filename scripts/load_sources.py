"""Offer a company's CSV or Parquet files as the raw tables of the input contract.

On DuckDB nothing is copied: every table becomes a view over its file. On PostgreSQL every table is dropped
(with the views on it, which the build makes again) and made anew by COPY: DuckDB reads the files and its CSV
goes through a pipe. PostgreSQL's text cannot hold the character NUL: it is left out there.

The contract is read from the sources' YAML. What a company does not have comes back as the vars `missing_inputs`
and `missing_columns`; what stops the build is an InputError that names file, column and the way out.
"""

from __future__ import annotations

import csv
import difflib
import json
import os
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import psycopg2
import typer
import yaml
from psycopg2.extensions import connection as Connection

PROJECT_DIR = Path(__file__).resolve().parent.parent
SUFFIXES = (".csv", ".parquet")
DELIMITERS = (",", ";", "\t", "|")
# Says of a relation that we made it: the only ones that a load drops on a server or for being own tables.
MARK = "Loaded from files by dynamic_segmentation; the next load replaces it."
# DuckDB's types as PostgreSQL's; DECIMAL(p,s) is told apart below, all others are text.
POSTGRES_TYPES = {
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric",
    "HUGEINT": "numeric",
    "UHUGEINT": "numeric",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}

# Where the raw tables go: a DuckDB file, or a PostgreSQL server.
Place = Path | Connection


class InputError(Exception):
    """The input cannot be used; the message says which file and column, and how to repair it."""


@dataclass(frozen=True)
class Table:
    """One table of the input contract."""

    name: str
    required: bool
    columns: dict[str, bool]  # column -> whether it must be there
    key: tuple[str, ...]


@cache
def contract(project_dir: Path = PROJECT_DIR) -> dict[str, Table]:
    """Tables of the input contract by name, as the sources' YAML declares them."""
    tables = {}
    for path in sorted((project_dir / "models" / "staging").glob("*/_*__models.yml")):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                meta = table["config"]["meta"]
                tables[table["name"]] = Table(
                    name=table["name"],
                    required=meta["required"],
                    columns={column["name"]: column["config"]["meta"]["required"] for column in table["columns"]},
                    key=tuple(meta["key"]),
                )
    return tables


def offer(
    data_dir: Path | None,
    place: Place,
    raw_schema: str,
    *,
    identifiers: Mapping[str, str],
    from_models: Collection[str],
    own_tables: bool,
) -> dict:
    """What a build reads: a folder's files, loaded, or without a folder the tables that are in the warehouse."""
    if data_dir is None:
        return found_in_warehouse(place, raw_schema, identifiers, from_models=from_models)
    return load(data_dir, place, raw_schema, from_models=from_models, own_tables=own_tables)


def load(
    data_dir: Path,
    place: Place,
    raw_schema: str = "raw",
    *,
    from_models: Collection[str] = (),
    own_tables: bool = False,
) -> dict:
    """Make the raw tables; return missing_inputs, missing_columns, row_counts, files and remarks.

    `from_models` are contract tables that the user's models deliver (var inputs_from_models): no file is asked
    for. With `own_tables` every other file is offered too, under its own name and columns in lower case.
    """
    data_dir = Path(data_dir).resolve()
    if not data_dir.is_dir():
        raise InputError(f"{data_dir} is not a folder: give the folder that holds the CSV or Parquet files.")
    wanted = {name: table for name, table in contract().items() if name not in from_models}
    files, remarks = find_files(data_dir, wanted, own_tables)
    missing_inputs, missing_columns, selects = [], {}, {}
    with duckdb.connect() as reader:
        for table in wanted.values():
            if table.name not in files:
                if table.required:
                    raise InputError(missing_table_message(table, data_dir, remarks))
                missing_inputs.append(table.name)
                continue
            selects[table.name], missing_columns[table.name] = read_table(reader, table, files[table.name], data_dir)
        for name in files.keys() - wanted.keys():
            selects[name], _ = read_table(reader, own_table(reader, name, files[name][0]), files[name], data_dir)
    labels = {name: [str(part.relative_to(data_dir)) for part in files[name]] for name in sorted(files)}
    make = copy_tables if isinstance(place, Connection) else make_views
    row_counts = make(place, raw_schema, selects, labels)
    return {
        "missing_inputs": missing_inputs,
        "missing_columns": {name: columns for name, columns in missing_columns.items() if columns},
        "row_counts": row_counts,
        "files": labels,
        "remarks": remarks,
    }


def found_in_warehouse(
    place: Place, raw_schema: str, identifiers: Mapping[str, str] | None = None, *, from_models: Collection[str] = ()
) -> dict:
    """missing_inputs and missing_columns of tables that are in the warehouse already; nothing is loaded.

    `identifiers` are the tables' names there where they differ (var raw_identifiers).
    """
    there: dict[str, set[str]] = {}
    for relation, column in warehouse_columns(place, raw_schema):
        there.setdefault(relation, set()).add(column)
    missing_inputs, missing_columns = [], {}
    for table in contract().values():
        relation = (identifiers or {}).get(table.name, table.name)
        if table.name in from_models:
            continue
        if relation not in there:
            if table.required:
                raise InputError(
                    f"{raw_schema}.{relation} is not in the warehouse: {table.name} is required."
                    " Name its schema by var raw_schema, its table by var raw_identifiers,"
                    " or the model that delivers it by var inputs_from_models."
                )
            missing_inputs.append(table.name)
            continue
        missing = [column for column in table.columns if column not in there[relation]]
        required = [column for column in missing if table.columns[column]]
        if required:
            raise InputError(
                f"{raw_schema}.{relation} lacks the required {listed(required)}:"
                f" offer a view that has {'it' if len(required) == 1 else 'them'} (NULL, if nothing is known)"
                f" and name it by var raw_identifiers."
            )
        if missing:
            missing_columns[table.name] = missing
    return {"missing_inputs": missing_inputs, "missing_columns": missing_columns}


def warehouse_columns(place: Place, schema: str) -> list[tuple[str, str]]:
    """Relation and column of everything in a schema, as unquoted names find it."""
    if isinstance(place, Connection):
        # Not the information schema: it has no materialized views.
        with place, place.cursor() as cursor:
            cursor.execute(
                "select pg_class.relname, pg_attribute.attname from pg_attribute"
                " inner join pg_class on pg_attribute.attrelid = pg_class.oid"
                " inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid"
                " where pg_namespace.nspname = %s and pg_class.relkind in ('r', 'v', 'm', 'f', 'p')"
                " and pg_attribute.attnum > 0 and not pg_attribute.attisdropped",
                [schema],
            )
            return cursor.fetchall()
    with duckdb.connect(str(place)) as connection:
        return connection.execute(
            "select table_name, lower(column_name) from information_schema.columns"
            " where table_catalog = current_database() and table_schema = ?",
            [schema],
        ).fetchall()


def find_files(
    data_dir: Path, wanted: Mapping[str, Table], own_tables: bool
) -> tuple[dict[str, list[Path]], list[str]]:
    """Files of each table to be offered, and a remark for each other CSV or Parquet file."""
    found: dict[str, list[Path]] = {}
    remarks = []
    for path in sorted(data_dir.iterdir()):
        name = path.stem.strip().lower() if path.is_file() else path.name.strip().lower()
        is_data = path.is_dir() or path.suffix.lower() in SUFFIXES
        if path.name.startswith((".", "_")) or not is_data:
            continue
        is_own = own_tables and path.is_file() and name not in wanted
        if name in wanted or is_own:
            found.setdefault(name, []).append(path)
        near = [] if name in contract() else difflib.get_close_matches(name, wanted, n=1, cutoff=0.8 if is_own else 0.6)
        hint = f" (did you mean {near[0]}?)" if near else ""
        if is_own and hint:
            remarks.append(f"{path.name} is read as a table of its own{hint}.")
        elif name in contract() and name not in found:
            remarks.append(f"{path.name} is not read: a model delivers {name} (var inputs_from_models).")
        elif name not in found:
            remarks.append(f"{path.name} is not a table of the input contract and is not read{hint}.")
    files = {}
    for name, paths in found.items():
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            way_out = f", or put the parts into a folder {name}/" if name in wanted else ""
            raise InputError(f"{names} are all {name}: keep one of them{way_out}.")
        files[name] = parts_of(paths[0]) if paths[0].is_dir() else paths
    return files, remarks


def own_table(reader: duckdb.DuckDBPyConnection, name: str, path: Path) -> Table:
    """A file outside the contract as a table: all its columns that have a name."""
    header, _ = header_of(reader, path, path.name, None)
    columns = {column.strip().lower(): False for column in header if column.strip()}
    return Table(name=name, required=False, columns=columns, key=())


def parts_of(folder: Path) -> list[Path]:
    """The CSV or Parquet parts in a table's folder."""
    parts = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "_"))
    ]
    if not parts:
        raise InputError(f"{folder.name}/ holds no CSV or Parquet file: add the parts or remove the folder.")
    if len({part.suffix.lower() for part in parts}) > 1:
        raise InputError(f"{folder.name}/ mixes CSV and Parquet parts: keep one kind.")
    return parts


def missing_table_message(table: Table, data_dir: Path, remarks: list[str]) -> str:
    """Say which required file is missing, and which file may have been meant."""
    needed = ", ".join(column for column, required in table.columns.items() if required)
    meant = "".join(f" {remark}" for remark in remarks if table.name in remark)
    return (
        f"{table.name}.csv (or .parquet) is missing in {data_dir}: this table is required."
        f" Add it with the columns {needed}.{meant}"
    )


def read_table(
    reader: duckdb.DuckDBPyConnection, table: Table, parts: list[Path], data_dir: Path
) -> tuple[str, list[str]]:
    """A select over the parts of one table, and the optional columns that no part has."""
    headers = {part: header_of(reader, part, str(part.relative_to(data_dir)), table) for part in parts}
    present: set[str] = set()
    selects = []
    for part, (header, delimiter) in headers.items():
        label = str(part.relative_to(data_dir))
        given = match_columns(header, table, label)
        present |= given.keys()
        selects.append((given, relation_of(part, header, delimiter)))
    columns = [column for column in table.columns if column in present]
    sql = "\nunion all\n".join(
        "select "
        + ", ".join(f"{quoted(given[column]) if column in given else 'null'} as {quoted(column)}" for column in columns)
        + f" from {relation}"
        for given, relation in selects
    )
    return sql, [column for column in table.columns if column not in present]


def header_of(
    reader: duckdb.DuckDBPyConnection, path: Path, label: str, table: Table | None
) -> tuple[list[str], str | None]:
    """Column names of a file and, of a CSV file, the delimiter."""
    if path.suffix.lower() == ".csv":
        return csv_header(path, label, table)
    return [row[0] for row in describe_parquet(reader, path, label)], None


def csv_header(path: Path, label: str, table: Table | None) -> tuple[list[str], str]:
    """Column names of a CSV file and the delimiter that finds most of the table's columns (any, without one)."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            start = lines.read(1_000_000)
    except UnicodeDecodeError as error:
        raise InputError(f"{label} is not UTF-8 text: save it as CSV UTF-8.") from error
    except OSError as error:
        raise InputError(f"{label} cannot be read: {error.strerror or error}.") from error
    if not start.strip():
        raise InputError(f"{label} is empty: it needs at least a line with the column names.")
    if "\0" in start:
        raise InputError(f"{label} is not a CSV file (it holds binary data): save it as CSV UTF-8.")
    headers = {
        delimiter: next(csv.reader(start.splitlines(keepends=True), delimiter=delimiter)) for delimiter in DELIMITERS
    }
    known = {
        delimiter: sum(table is None or name.strip().lower() in table.columns for name in header)
        for delimiter, header in headers.items()
    }
    best = max(DELIMITERS, key=lambda delimiter: known[delimiter])
    return headers[best], best


def describe_parquet(reader: duckdb.DuckDBPyConnection, path: Path, label: str) -> list[tuple]:
    """Columns of a Parquet file."""
    if path.stat().st_size == 0:
        raise InputError(f"{label} is empty: write it again, or remove it if the company has no such table.")
    try:
        return reader.execute(f"describe select * from read_parquet({literal(path)})").fetchall()
    except duckdb.Error as error:
        raise InputError(f"{label} is not a readable Parquet file ({first_line(error)}): write it again.") from error


def match_columns(header: list[str], table: Table, label: str) -> dict[str, str]:
    """The file's own name for every contract column that it has."""
    given: dict[str, str] = {}
    for name in header:
        column = name.strip().lower()
        if column not in table.columns:
            continue
        if column in given:
            raise InputError(f"{label} has column {column} twice: keep one of them.")
        given[column] = name
    missing = [column for column, required in table.columns.items() if required and column not in given]
    if missing:
        others = [name.strip() for name in header if name.strip().lower() not in table.columns]
        near = difflib.get_close_matches(missing[0], [name.lower() for name in others], n=1)
        hint = f" Is it the column {near[0]}? Then rename that one." if near else ""
        raise InputError(
            f"{label} lacks the required {listed(missing)}:"
            f" add {'it' if len(missing) == 1 else 'them'} (empty, if nothing is known).{hint}"
        )
    return given


def relation_of(part: Path, header: list[str], delimiter: str | None) -> str:
    """The table function that reads a part, with nothing left to guessing."""
    if delimiter is None:
        return f"read_parquet({literal(part)})"
    names = unique_names(header)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({literal(part)}, auto_detect = false, header = true, delim = {literal(delimiter)},"
        f" quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


def unique_names(header: list[str]) -> list[str]:
    """Column names as given; those that would clash or are empty (never contract columns) are numbered."""
    names: list[str] = []
    for number, name in enumerate(header):
        taken = {other.lower() for other in names}
        names.append(name if name and name.lower() not in taken else f"column {number}")
    return names


def make_views(place: Path, raw_schema: str, selects: dict[str, str], labels: dict[str, list[str]]) -> dict[str, int]:
    """Replace all our views of the raw schema; reading each file once shows that it is whole."""
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    row_counts = {}
    with duckdb.connect(str(place)) as connection:
        connection.begin()
        connection.execute(f"create schema if not exists {quoted(raw_schema)}")
        there = connection.execute(
            "select view_name, 'view', comment from duckdb_views()"
            " where database_name = current_database() and schema_name = $1 union all"
            " select table_name, 'table', comment from duckdb_tables()"
            " where database_name = current_database() and schema_name = $1",
            [raw_schema],
        ).fetchall()
        for name, kind, comment in there:
            if name in contract() or name in selects or comment == MARK:
                connection.execute(f"drop {kind} {quoted(raw_schema)}.{quoted(name)}")
        for name, select in selects.items():
            view = f"{quoted(raw_schema)}.{quoted(name)}"
            try:
                connection.execute(f"create view {view} as {select}")
                row_counts[name] = connection.execute(f"select count(*) from {view}").fetchone()[0]
            except duckdb.Error as error:
                raise unreadable(labels[name], error) from error
            connection.execute(f"comment on view {view} is {literal(MARK)}")
        connection.commit()
    return row_counts


def copy_tables(
    place: Connection, raw_schema: str, selects: dict[str, str], labels: dict[str, list[str]]
) -> dict[str, int]:
    """Replace all our tables of the raw schema, in one transaction.

    They are unlogged, which halves what is written: a crash of the server empties them, and every build loads
    its files first.
    """
    row_counts = {}
    with duckdb.connect() as reader, place, place.cursor() as cursor:
        reader.execute("set preserve_insertion_order = false")
        cursor.execute(f"create schema if not exists {quoted(raw_schema)}")
        cursor.execute(
            "select relname, relkind, obj_description(oid, 'pg_class') from pg_class"
            " where relnamespace = %s::regnamespace and relkind in ('r', 'v', 'm', 'f', 'p')",
            [quoted(raw_schema)],
        )
        for name, _kind, comment in cursor.fetchall():
            if comment == MARK:
                cursor.execute(f"drop table {quoted(raw_schema)}.{quoted(name)} cascade")
            elif name in selects:
                raise InputError(
                    f"{raw_schema}.{name} is in the database and was not loaded from files:"
                    f" {labels[name][0]} may not replace it. Load into another schema (var raw_schema),"
                    " or leave DATA_DIR out to build on the tables there."
                )
        for name, select in selects.items():
            table = f"{quoted(raw_schema)}.{quoted(name)}"
            try:
                columns = reader.execute(f"describe {select}").fetchall()
            except duckdb.Error as error:
                raise unreadable(labels[name], error) from error
            types = {column: postgres_type(kind) for column, kind, *_ in columns}
            definitions = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
            cursor.execute(f"create unlogged table {table} ({definitions})")
            cursor.execute(f"comment on table {table} is {literal(MARK)}")
            row_counts[name] = copy_rows(reader, select, types, cursor, table, labels[name])
            cursor.execute(f"analyze {table}")
    return row_counts


def copy_rows(
    reader: duckdb.DuckDBPyConnection, select: str, types: dict[str, str], cursor, table: str, label: list[str]
) -> int:
    """Stream the rows of a select into a table; the number of rows."""
    # Text is always quoted: '' stays apart from NULL, and a line that is \. alone ends nothing.
    quoted_columns = [quoted(column) for column, kind in types.items() if kind == "text"]
    force_quote = f", force_quote ({', '.join(quoted_columns)})" if quoted_columns else ""
    fields = ", ".join(written(column, kind) for column, kind in types.items())
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def write() -> None:
        try:
            reader.execute(
                f"copy (select {fields} from ({select})) to '/dev/fd/{writing}' (format csv, header false{force_quote})"
            )
        except Exception as error:
            failed.append(error)
        finally:
            os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    refused = None
    try:
        # Closing our end of the pipe also ends the writer, whatever stopped us.
        with os.fdopen(reading, "rb") as lines:
            cursor.copy_expert(f"copy {table} from stdin with (format csv, encoding 'UTF8')", lines)
    except psycopg2.DataError as error:
        refused = error
    finally:
        writer.join()
    # A pipe that broke is the server's doing; a file that broke may have left it half a line.
    if failed and f"/dev/fd/{writing}" not in str(failed[0]):
        raise unreadable(label, failed[0]) from failed[0]
    if refused is not None:
        raise InputError(f"{', '.join(label[:3])} does not fit into PostgreSQL: {first_line(refused)}") from refused
    return cursor.rowcount


def postgres_type(kind: str) -> str:
    """PostgreSQL's type for values of a DuckDB type."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    return f"numeric({decimal[1]}, {decimal[2]})" if decimal else POSTGRES_TYPES.get(kind, "text")


def written(column: str, kind: str) -> str:
    """A column as PostgreSQL reads its values."""
    value = quoted(column)
    if kind == "text":
        value = f"replace(cast({value} as varchar), chr(0), '')"
    elif kind == "date" or kind.startswith("timestamp"):
        # The cast rounds nanoseconds as staging on DuckDB does.
        value = f"replace(cast(cast({value} as {kind}) as varchar), '(BC)', 'BC')"
    return f"{value} as {quoted(column)}"


def unreadable(label: list[str], error: Exception) -> InputError:
    return InputError(f"{', '.join(label[:3])} cannot be read to its end: {first_line(error)}")


def listed(columns: list[str]) -> str:
    return f"{'column' if len(columns) == 1 else 'columns'} {', '.join(columns)}"


def first_line(error: Exception) -> str:
    """The part of an engine's message that a user can act on."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".") + "."


def literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def main(
    data_dir: Path = typer.Argument(..., help="Folder with <table>.csv or <table>.parquet files."),
    database: Path = typer.Option(Path("warehouse/build.duckdb"), help="DuckDB file that dbt builds in."),
    raw_schema: str = typer.Option("raw", help="Schema of the raw tables (var raw_schema)."),
) -> None:
    """Make the raw tables; print the vars for dbt as JSON."""
    try:
        loaded = load(data_dir, database, raw_schema)
    except InputError as error:
        typer.echo(f"Input: {error}", err=True)
        raise typer.Exit(1) from error
    for remark in loaded["remarks"]:
        typer.echo(f"Remark: {remark}", err=True)
    typer.echo(json.dumps({name: loaded[name] for name in ("missing_inputs", "missing_columns")}))


if __name__ == "__main__":
    typer.run(main)
