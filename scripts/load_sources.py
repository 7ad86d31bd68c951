"""Offer a company's CSV or Parquet files as the raw tables of the input contract.

Nothing is copied: every table becomes a DuckDB view over its file. The contract is read from the
sources' YAML. What a company does not have comes back as the vars `missing_inputs` and
`missing_columns`; what stops the build is an InputError that names file, column and the way out.
"""

from __future__ import annotations

import csv
import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import typer
import yaml

PROJECT_DIR = Path(__file__).resolve().parent.parent
SUFFIXES = (".csv", ".parquet")
DELIMITERS = (",", ";", "\t", "|")


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


def load(data_dir: Path, database_path: Path, raw_schema: str = "raw") -> dict:
    """Make the views; return missing_inputs, missing_columns, row_counts, files and remarks."""
    data_dir = Path(data_dir).resolve()
    if not data_dir.is_dir():
        raise InputError(f"{data_dir} is not a folder: give the folder that holds the CSV or Parquet files.")
    files, remarks = find_files(data_dir)
    missing_inputs, missing_columns, selects = [], {}, {}
    with duckdb.connect() as reader:
        for table in contract().values():
            if table.name not in files:
                if table.required:
                    raise InputError(missing_table_message(table, data_dir, remarks))
                missing_inputs.append(table.name)
                continue
            selects[table.name], missing_columns[table.name] = read_table(reader, table, files[table.name], data_dir)
    row_counts = make_views(Path(database_path), raw_schema, selects, files, data_dir)
    return {
        "missing_inputs": missing_inputs,
        "missing_columns": {name: columns for name, columns in missing_columns.items() if columns},
        "row_counts": row_counts,
        "files": {name: [str(part.relative_to(data_dir)) for part in parts] for name, parts in files.items()},
        "remarks": remarks,
    }


def find_files(data_dir: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Files of each contract table, and a remark for each other CSV or Parquet file."""
    found: dict[str, list[Path]] = {}
    remarks = []
    for path in sorted(data_dir.iterdir()):
        name = path.stem.strip().lower() if path.is_file() else path.name.strip().lower()
        is_data = path.is_dir() or path.suffix.lower() in SUFFIXES
        if path.name.startswith((".", "_")) or not is_data:
            continue
        if name in contract():
            found.setdefault(name, []).append(path)
        else:
            near = difflib.get_close_matches(name, contract(), n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            remarks.append(f"{path.name} is not a table of the input contract and is not read{hint}.")
    files = {}
    for name, paths in found.items():
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            raise InputError(f"{names} are all {name}: keep one of them, or put the parts into a folder {name}/.")
        files[name] = parts_of(paths[0]) if paths[0].is_dir() else paths
    return files, remarks


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
    headers = {}
    for part in parts:
        label = str(part.relative_to(data_dir))
        if part.suffix.lower() == ".csv":
            headers[part] = csv_header(part, label, table)
        else:
            headers[part] = ([row[0] for row in describe_parquet(reader, part, label)], None)
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
        + ", ".join(
            f"{quoted(given[column])} as {column}" if column in given else f"null as {column}" for column in columns
        )
        + f" from {relation}"
        for given, relation in selects
    )
    return sql, [column for column in table.columns if column not in present]


def csv_header(path: Path, label: str, table: Table) -> tuple[list[str], str]:
    """Column names of a CSV file and the delimiter that finds most of the contract's columns."""
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
        delimiter: sum(name.strip().lower() in table.columns for name in header)
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
        word = "column" if len(missing) == 1 else "columns"
        raise InputError(
            f"{label} lacks the required {word} {', '.join(missing)}:"
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


def make_views(
    database_path: Path, raw_schema: str, selects: dict[str, str], files: dict[str, list[Path]], data_dir: Path
) -> dict[str, int]:
    """Replace all contract views of the raw schema; reading each file once shows that it is whole."""
    database_path.parent.mkdir(parents=True, exist_ok=True)
    schema = quoted(raw_schema)
    row_counts = {}
    with duckdb.connect(str(database_path)) as connection:
        connection.begin()
        connection.execute(f"create schema if not exists {schema}")
        for name in contract():
            drop_relation(connection, raw_schema, name)
            if name not in selects:
                continue
            label = ", ".join(str(part.relative_to(data_dir)) for part in files[name][:3])
            try:
                connection.execute(f"create view {schema}.{name} as {selects[name]}")
                row_counts[name] = connection.execute(f"select count(*) from {schema}.{name}").fetchone()[0]
            except duckdb.Error as error:
                raise InputError(f"{label} cannot be read to its end: {first_line(error)}") from error
        connection.commit()
    return row_counts


def drop_relation(connection: duckdb.DuckDBPyConnection, raw_schema: str, name: str) -> None:
    """Drop what stands under a contract table's name, view or table."""
    kinds = connection.execute(
        "select table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [raw_schema, name],
    ).fetchall()
    for (kind,) in kinds:
        connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {quoted(raw_schema)}.{name}")


def first_line(error: Exception) -> str:
    """The part of a DuckDB message that a user can act on."""
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
