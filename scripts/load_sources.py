"""Offer a company's CSV or Parquet files as the raw tables of the input contract.

On DuckDB nothing is copied: every table becomes a view over its file. On PostgreSQL every table whose files are
not those of the last load is dropped (with the views on it, which the build makes again) and made anew by COPY:
DuckDB reads the files and its CSV goes through a pipe. PostgreSQL's text cannot hold the character NUL: it is left
out there.

What a load reads is recorded as a signature per table (`<build schema>_refresh.input_files`) that follows from the
content of the files: a build may leave alone what reads a table whose signature it has seen. On DuckDB a view reads
what its file holds when the build runs: one that was changed after the load is recorded by the next load.

The contract is read from the sources' YAML. What a company does not have comes back as the vars `missing_inputs`
and `missing_columns`; what stops the build is an InputError that names file, column and the way out.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
import os
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import duckdb
import psycopg2
import typer
import yaml
from psycopg2.extensions import connection as Connection

from scripts.sql_text import first_line, literal, quoted

PROJECT_DIR = Path(__file__).resolve().parent.parent
SUFFIXES = (".csv", ".parquet")
DELIMITERS = (",", ";", "\t", "|")
# Begins the comment of a relation that we made: the only ones that a load drops on a server or for being own tables.
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


class Form(NamedTuple):
    """What files that are read alike have in common."""

    names: tuple[str, ...]
    types: tuple[str, ...]  # of a Parquet file
    delimiter: str | None  # of a CSV file


@dataclass(frozen=True)
class Reading:
    """How the files of one table are read, and what they held when they were looked at."""

    select: str
    missing_columns: list[str]
    parts: list[Path]
    labels: list[str]
    stamps: list[tuple]
    signature: str

    def check_unchanged(self) -> None:
        """What was read since must be what the signature says."""
        for part, label, stamp in zip(self.parts, self.labels, self.stamps, strict=True):
            if stamp_of(part) != stamp:
                raise InputError(f"{label} was changed while it was read: build again when it is whole.")


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
    build_schema: str,
) -> dict:
    """What a build reads: a folder's files, loaded, or without a folder the tables that are in the warehouse."""
    if data_dir is None:
        found = found_in_warehouse(place, raw_schema, identifiers, from_models=from_models)
        record_nothing(place, build_schema)
        return found
    return load(data_dir, place, raw_schema, from_models=from_models, own_tables=own_tables, build_schema=build_schema)


def load(
    data_dir: Path,
    place: Place,
    raw_schema: str = "raw",
    *,
    from_models: Collection[str] = (),
    own_tables: bool = False,
    build_schema: str = "segmentation_build",
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
    missing_inputs, readings = [], {}
    with duckdb.connect() as reader:
        for table in wanted.values():
            if table.name not in files:
                if table.required:
                    raise InputError(missing_table_message(table, data_dir, remarks))
                missing_inputs.append(table.name)
                continue
            readings[table.name] = read_table(reader, table, files[table.name], data_dir)
        for name in sorted(files.keys() - wanted.keys()):
            readings[name] = read_table(reader, own_table(reader, name, files[name][0]), files[name], data_dir)
    make = copy_tables if isinstance(place, Connection) else make_views
    row_counts = make(place, raw_schema, readings, f"{build_schema}_refresh", from_models)
    return {
        "missing_inputs": missing_inputs,
        "missing_columns": {
            name: readings[name].missing_columns
            for name in wanted
            if name in readings and readings[name].missing_columns
        },
        "row_counts": row_counts,
        "files": {name: readings[name].labels for name in sorted(readings)},
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
    names = form_of(reader, path, path.name, None).names
    columns = {column.strip().lower(): False for column in names if column.strip()}
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


def read_table(reader: duckdb.DuckDBPyConnection, table: Table, parts: list[Path], data_dir: Path) -> Reading:
    """How the parts of one table are read as one."""
    labels = [str(part.relative_to(data_dir)) for part in parts]
    stamps = [stamp_of(part) for part in parts]
    forms: list[Form] = []
    given: dict[Form, dict[str, str]] = {}
    for part, label in zip(parts, labels, strict=True):
        forms.append(form_of(reader, part, label, table))
        if forms[-1] not in given:
            given[forms[-1]] = match_columns(forms[-1].names, table, label)
    present = {column for own in given.values() for column in own}
    columns = [column for column in table.columns if column in present]
    selects = []
    # parts of one form are one scan: with a scan for each, memory grows with every part
    for form, own in given.items():
        values = (f"{quoted(own[name]) if name in own else 'null'} as {quoted(name)}" for name in columns)
        alike = [part for part, its_form in zip(parts, forms, strict=True) if its_form == form]
        selects.append(f"select {', '.join(values)} from {relation_of(alike, form)}")
    select = "\nunion all\n".join(selects)
    missing = [column for column in table.columns if column not in present]
    return Reading(select, missing, parts, labels, stamps, signature_of(columns, forms, parts))


def signature_of(columns: list[str], forms: list[Form], parts: list[Path]) -> str:
    """Another one when any byte of a file, the columns, the way to read them or the reader is another.

    Where the files stand is left out.
    """
    reader = [duckdb.__version__, content_hash(Path(__file__))]
    contents = [content_hash(part) for part in parts]
    return hashlib.sha256(json.dumps([reader, columns, forms, contents]).encode()).hexdigest()


def content_hash(path: Path) -> str:
    """SHA-256, which processors have instructions for: faster than hashes that are simpler on paper."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def stamp_of(path: Path) -> tuple:
    """What changes when a file is written anew. It is never a reason to believe that content is the same."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def form_of(reader: duckdb.DuckDBPyConnection, path: Path, label: str, table: Table | None) -> Form:
    """How a file is read."""
    if path.suffix.lower() == ".csv":
        names, delimiter = csv_header(path, label, table)
        return Form(tuple(names), (), delimiter)
    columns = describe_parquet(reader, path, label)
    return Form(tuple(row[0] for row in columns), tuple(row[1] for row in columns), None)


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
        return reader.execute(f"describe select * from read_parquet({this_file(path)})").fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{label} is not a readable Parquet file ({first_line(error, lines=2)}): write it again."
        ) from error


def match_columns(header: Collection[str], table: Table, label: str) -> dict[str, str]:
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


def relation_of(parts: list[Path], form: Form) -> str:
    """The table function that reads parts of one form, with nothing left to guessing."""
    files = f"[{', '.join(this_file(part) for part in parts)}]"
    if form.delimiter is None:
        return f"read_parquet({files}, hive_partitioning = false)"
    names = unique_names(form.names)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({files}, auto_detect = false, header = true, delim = {literal(form.delimiter)},"
        f" quote = '\"', escape = '\"', columns = {{{columns}}}, hive_partitioning = false)"
    )


def this_file(path: Path) -> str:
    """A path for a table function: this file alone, also if its name has what stands for other names."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def unique_names(header: Collection[str]) -> list[str]:
    """Column names as given; those that would clash or are empty (never contract columns) are numbered."""
    names: list[str] = []
    for number, name in enumerate(header):
        taken = {other.lower() for other in names}
        names.append(name if name and name.lower() not in taken else f"column {number}")
    return names


def make_views(
    place: Path, raw_schema: str, readings: dict[str, Reading], record_schema: str, from_models: Collection[str]
) -> dict[str, int]:
    """Replace all our views of the raw schema; reading each file once shows that it is whole."""
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    row_counts = {}
    with duckdb.connect(str(place)) as connection:
        known = recorded(connection, record_schema)
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
            if name in contract() or name in readings or comment == MARK:
                connection.execute(f"drop {kind} {quoted(raw_schema)}.{quoted(name)}")
        for name, reading in readings.items():
            view = f"{quoted(raw_schema)}.{quoted(name)}"
            signature, row_count = known.get(name, (None, None))
            try:
                connection.execute(f"create view {view} as {reading.select}")
                if signature != reading.signature:
                    row_count = connection.execute(f"select count(*) from {view}").fetchone()[0]
            except duckdb.Error as error:
                raise unreadable(reading.labels, error) from error
            reading.check_unchanged()
            connection.execute(f"comment on view {view} is {literal(MARK)}")
            row_counts[name] = row_count
        record(connection, record_schema, readings, row_counts, from_models)
        connection.commit()
    return row_counts


def copy_tables(
    place: Connection, raw_schema: str, readings: dict[str, Reading], record_schema: str, from_models: Collection[str]
) -> dict[str, int]:
    """Replace our tables of the raw schema whose files are not those that they were loaded from, in one transaction.

    They are unlogged, which halves what is written: a crash of the server empties them, and an empty one that
    should have rows is loaded again.
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
            table = f"{quoted(raw_schema)}.{quoted(name)}"
            if (comment or "").startswith(MARK):
                row_count = rows_loaded(comment, readings[name]) if name in readings else None
                if row_count is not None and has_rows(cursor, table) == (row_count > 0):
                    row_counts[name] = row_count
                else:
                    cursor.execute(f"drop table {table} cascade")
            elif name in readings:
                raise InputError(
                    f"{raw_schema}.{name} is in the database and was not loaded from files:"
                    f" {readings[name].labels[0]} may not replace it. Load into another schema (var raw_schema),"
                    " or leave DATA_DIR out to build on the tables there."
                )
        for name, reading in readings.items():
            if name in row_counts:
                continue
            table = f"{quoted(raw_schema)}.{quoted(name)}"
            try:
                columns = reader.execute(f"describe {reading.select}").fetchall()
            except duckdb.Error as error:
                raise unreadable(reading.labels, error) from error
            types = {column: postgres_type(kind) for column, kind, *_ in columns}
            definitions = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
            cursor.execute(f"create unlogged table {table} ({definitions})")
            row_counts[name] = copy_rows(reader, reading.select, types, cursor, table, reading.labels)
            reading.check_unchanged()
            cursor.execute(f"comment on table {table} is {literal(mark_of(reading, row_counts[name]))}")
            cursor.execute(f"analyze {table}")
        record(cursor, record_schema, readings, row_counts, from_models)
    return row_counts


def mark_of(reading: Reading, row_count: int) -> str:
    """What the comment of a table on a server says: that it is ours, and what it holds."""
    return f"{MARK} It holds {row_count} rows of content {reading.signature}."


def rows_loaded(comment: str, reading: Reading) -> int | None:
    """Number of rows of a table that holds just what would be read; none where it holds something else."""
    number = re.search(r" It holds (\d+) rows ", comment)
    return int(number[1]) if number and comment == mark_of(reading, int(number[1])) else None


def has_rows(cursor, table: str) -> bool:
    cursor.execute(f"select exists (select from {table})")
    return cursor.fetchone()[0]


# --- what was read: both engines take this SQL, from a connection of DuckDB and a cursor of PostgreSQL ---------


def record(
    session, schema: str, readings: dict[str, Reading], row_counts: dict[str, int], from_models: Collection[str]
) -> None:
    """Say what each relation of the raw schema reads, in the transaction that makes it.

    A file beside a model that delivers the table of that name is no input of that name.
    """
    lines = [
        f"({literal(name)}, {literal(reading.signature)}, {row_counts[name]})"
        for name, reading in readings.items()
        if name not in from_models
    ]
    table = f"{quoted(schema)}.{quoted('input_files')}"
    session.execute(f"create schema if not exists {quoted(schema)}")
    session.execute(f"create table if not exists {table} (table_name text, signature text, row_count bigint)")
    session.execute(f"delete from {table}")
    if lines:
        session.execute(f"insert into {table} values {', '.join(lines)}")


def recorded(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, tuple[str, int]]:
    """Signature and number of rows by table, as the last load recorded them."""
    try:
        lines = connection.execute(
            f"select table_name, signature, row_count from {quoted(schema)}.{quoted('input_files')}"
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return {name: (signature, row_count) for name, signature, row_count in lines}


def record_nothing(place: Place, build_schema: str) -> None:
    """No table comes from a file: what an earlier load recorded would be of other relations."""
    if isinstance(place, Connection):
        with place, place.cursor() as cursor:
            record(cursor, f"{build_schema}_refresh", {}, {}, ())
    else:
        with duckdb.connect(str(place)) as connection:
            connection.begin()
            record(connection, f"{build_schema}_refresh", {}, {}, ())
            connection.commit()


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
        raise InputError(
            f"{', '.join(label[:3])} does not fit into PostgreSQL: {first_line(refused, lines=2)}."
        ) from refused
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


def unreadable(labels: list[str], error: Exception) -> InputError:
    """Names the file that the engine's message names, else the first ones."""
    named = [label for label in labels if f"{label}\n" in f"{error}\n"] or labels[:3]
    return InputError(f"{', '.join(named)} cannot be read to its end: {first_line(error, lines=2)}.")


def listed(columns: list[str]) -> str:
    return f"{'column' if len(columns) == 1 else 'columns'} {', '.join(columns)}"


def main(
    data_dir: Path = typer.Argument(..., help="Folder with <table>.csv or <table>.parquet files."),
    database: Path = typer.Option(Path("warehouse/build.duckdb"), help="DuckDB file that dbt builds in."),
    raw_schema: str = typer.Option("raw", help="Schema of the raw tables (var raw_schema)."),
    build_schema: str = typer.Option("segmentation_build", envvar="BUILD_SCHEMA", help="Schema that dbt builds in."),
) -> None:
    """Make the raw tables; print the vars for dbt as JSON."""
    try:
        loaded = load(data_dir, database, raw_schema, build_schema=build_schema)
    except InputError as error:
        typer.echo(f"Input: {error}", err=True)
        raise typer.Exit(1) from error
    for remark in loaded["remarks"]:
        typer.echo(f"Remark: {remark}", err=True)
    typer.echo(json.dumps({name: loaded[name] for name in ("missing_inputs", "missing_columns")}))


if __name__ == "__main__":
    typer.run(main)
