"""The embedded warehouse: dbt works in one DuckDB file, and readers have another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts import load_sources
from scripts.sql_text import first_line, literal
from scripts.warehouse import (
    BATCH,
    Node,
    RefreshError,
    Session,
    Warehouse,
    carried_tables,
    create_runs_sql,
)

# The newest storage that the DuckDB of common BI tools reads.
STORAGE_VERSION = "v1.4.0"


class DuckDBSession(Session):
    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self.connection = connection

    def rows(self, sql: str, parameters: list | tuple = ()) -> list[dict]:
        result = self.connection.execute(sql, parameters)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def run(self, sql: str, parameters: list | tuple = ()) -> None:
        self.connection.execute(sql, parameters)

    def columns(self, relation: str) -> list[str]:
        return [column[0] for column in self.connection.execute(f"select * from {relation} limit 0").description]

    def batches(self, sql: str, parameters: list | tuple = ()) -> Iterator[list[tuple]]:
        result = self.connection.execute(sql, parameters)
        while rows := result.fetchmany(BATCH):
            yield rows


class DuckDBWarehouse(Warehouse):
    @property
    def build_db(self) -> Path:
        """What dbt works in. Its base name is the database's name in dbt's relations."""
        return self.path / "build.duckdb"

    @property
    def published(self) -> Path:
        """The only file that BI tools open."""
        return self.path / "segmentation.duckdb"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    @property
    def place(self) -> str:
        return str(self.published)

    def own_place(self, company: str) -> str:
        return f"give this one a folder of its own (WAREHOUSE_DIR=warehouse_{company})"

    def raw_schema(self, wanted: str | None) -> str:
        return wanted or "raw"

    def load(self, data_dir: Path | None, raw_schema: str, **options) -> dict:
        return load_sources.offer(data_dir, self.build_db, raw_schema, build_schema=self.build_schema, **options)

    def cure(self, messages: list[str]) -> dict[str, str]:
        # DuckDB 2.0.0 (duckdb#24807): a join fails whose build side hands on now this small table's column, now that
        # one's. A left join that is not turned round has no such build side.
        name, fault = "DUCKDB_DISABLED_OPTIMIZERS", "dict-surviving join"
        own = os.environ.get(name, "")
        is_known = any(fault in message for message in messages)
        return {name: f"{own},build_side_probe_side".strip(",")} if is_known else {}

    # --- published -------------------------------------------------------------------------------

    def published_runs(self) -> list[dict]:
        return runs_of(self.published) if self.published.exists() else []

    def published_stamp(self) -> str:
        has_log = self.published.with_name(self.published.name + ".wal").exists()
        return f" {self.published.stat().st_mtime_ns}{' with a log' if has_log else ''}"

    def published_size(self) -> str:
        return f"{self.published.stat().st_size / 1_000_000:.1f} MB"

    def how_to_open(self) -> str:
        return "Open it read-only with any tool that reads DuckDB"

    def remove_leftovers(self) -> list[str]:
        """Half-written copies of killed runs."""
        for folder in self.path.glob(".publishing-*"):
            shutil.rmtree(folder, ignore_errors=True)
        return []

    def record(self, table: str) -> str:
        return f"build.{super().record(table)}"

    @contextmanager
    def building(self) -> Iterator[Session]:
        with duckdb.connect(str(self.build_db)) as con:
            yield DuckDBSession(con)

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, str]]:
        with duckdb.connect() as con:
            con.execute(f"attach {literal(self.build_db)} as build (read_only)")
            if self.published.exists():
                con.execute(f"attach {literal(self.published)} as published (read_only)")
            yield DuckDBSession(con), "published.main."

    @contextmanager
    def reading_published(self) -> Iterator[tuple[Session, str]]:
        with duckdb.connect() as con:
            con.execute(f"set memory_limit = {literal(os.environ.get('DUCKDB_MEMORY_LIMIT') or '75%')}")
            con.execute(f"set temp_directory = {literal(self.path / f'.reading-{os.getpid()}')}")
            con.execute(f"attach {literal(self.published)} as published (read_only)")
            yield DuckDBSession(con), "published.main."

    @contextmanager
    def beside_build(self, session: DuckDBSession) -> Iterator[None]:
        try:
            session.run(f"attach {literal(self.build_db)} as build (read_only)")
        except duckdb.Error as error:
            what = "a build is at work in it" if "lock" in str(error).lower() else first_line(error)
            raise RefreshError(
                f"{self.build_db} cannot be read ({what}). Contact data are read there: try again when it can be."
            ) from None
        try:
            yield
        finally:
            session.run("detach build")

    writes_on_top = True

    @contextmanager
    def publishing(self, nodes: dict[str, Node], readers: list[str], on_top: bool) -> Iterator[tuple[Session, str]]:
        folder = self.path / f".publishing-{os.getpid()}"
        folder.mkdir()
        # The same base name as in the end: DuckDB names the database after it.
        new = folder / self.published.name
        try:
            if on_top:
                shutil.copyfile(self.published, new)
            with duckdb.connect() as con:
                con.execute("set preserve_insertion_order = false")
                con.execute(f"set memory_limit = {literal(os.environ.get('DUCKDB_MEMORY_LIMIT') or '75%')}")
                con.execute(f"set temp_directory = {literal(folder / 'spilled')}")
                con.execute(f"attach {literal(self.build_db)} as build (read_only)")
                con.execute(f"attach {literal(new)} as target (storage_version {literal(STORAGE_VERSION)})")
                yield DuckDBSession(con), "target.main."
                con.execute("checkpoint target")
                con.execute("detach target")
            replace_file(new, self.published)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    # --- the build -------------------------------------------------------------------------------

    def remove_build(self) -> None:
        for file in (self.build_db, self.build_db.with_name("build.duckdb.wal")):
            file.unlink(missing_ok=True)

    def prepare_build(self, company: str) -> str | None:
        remark = self._drop_unusable_build(company)
        with duckdb.connect(str(self.build_db)) as con:
            con.execute(f'create schema if not exists "{self.build_schema}_refresh"')
            con.execute(f"create or replace table {self.stamp} as select cast(? as varchar) as company", [company])
        return remark

    def carry(self, nodes: dict[str, Node]) -> None:
        with duckdb.connect(str(self.build_db)) as con:
            if self.published.exists():
                con.execute(f"attach {literal(self.published)} as published (read_only)")
            for name in carried_tables():
                node = nodes[name]
                con.execute(f'create schema if not exists "{node.schema}"')
                con.execute(f"drop table if exists {node.relation}")
                if self.published.exists() and table_exists(con, "published", "main", node.alias):
                    con.execute(f'create table {node.relation} as select * from published.main."{node.alias}"')
            con.execute(create_runs_sql(nodes["fct_runs"].relation))

    def _drop_unusable_build(self, company: str) -> str | None:
        if not self.build_db.exists():
            self.remove_build()  # a log without its file belongs to nothing
            return None
        try:
            with duckdb.connect(str(self.build_db)) as con:
                known = table_exists(con, "build", f"{self.build_schema}_refresh", "company")
                owner = con.execute(f"select company from {self.stamp}").fetchone()[0] if known else company
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise RefreshError(
                    f"{self.build_db} is open in another program: close it there. To look at results open"
                    f" {self.published} (read-only), which a build never blocks."
                ) from None
            self.remove_build()
            return f"{self.build_db.name} could not be opened and is built from scratch ({first_line(error)})"
        if owner != company:
            self.remove_build()
            return f"{self.build_db.name} held company '{owner}', of which nothing is published: built from scratch"
        return None


def runs_of(file: Path) -> list[dict]:
    """The runs recorded in a published file; an error in plain words when it is none."""
    try:
        with duckdb.connect(str(file), read_only=True) as con:
            if not table_exists(con, con.execute("select current_database()").fetchone()[0], "main", "fct_runs"):
                raise RefreshError(f"{file} is no published file: it has no table fct_runs.")
            return DuckDBSession(con).rows("select * from fct_runs order by published_at")
    except duckdb.Error as error:
        raise RefreshError(
            f"{file} cannot be opened ({first_line(error)}). If it is damaged, put a copy back: make restore"
        ) from None


def table_exists(con: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "select 1 from information_schema.tables where table_catalog = ? and table_schema = ? and table_name = ?",
            [database, schema, table],
        ).fetchone()
    )


def replace_file(new: Path, old: Path) -> None:
    """Put a whole file in the place of another: readers have the one or the other, never a part."""
    with open(new, "rb") as handle:
        os.fsync(handle.fileno())
    # A log that someone's read-write session left would be replayed onto the new file.
    old.with_name(old.name + ".wal").unlink(missing_ok=True)
    os.replace(new, old)
    folder = os.open(old.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
