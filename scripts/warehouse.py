"""One warehouse folder: its files, its lock, and what must be true before a build starts."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

PROJECT = Path(__file__).resolve().parent.parent
PUBLISHED_SPEC = Path(__file__).with_name("published.yml")


class RefreshError(Exception):
    """Something a user can put right; its text says what and how."""


@dataclass(frozen=True)
class Warehouse:
    path: Path

    @property
    def build_db(self) -> Path:
        """What dbt works in."""
        return self.path / "build.duckdb"

    @property
    def published(self) -> Path:
        """The only file that BI tools open."""
        return self.path / "segmentation.duckdb"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def target(self) -> Path:
        return self.path / "target"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def build_schema(self) -> str:
        return os.environ.get("BUILD_SCHEMA") or "segmentation_build"

    def relation(self, layer: str | None, table: str) -> str:
        schema = f"{self.build_schema}_{layer}" if layer else self.build_schema
        return f'"{schema}"."{table}"'

    @contextmanager
    def lock(self):
        """One writer at a time. The lock is of the open file, so that a dbt process that outlives
        a killed refresh goes on holding it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / ".lock", "a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefreshError(
                    f"Another build, backup or restore is at work in {self.path}: wait for it to end,"
                    " or give this one a folder of its own (WAREHOUSE_DIR=dir)."
                ) from None
            yield handle.fileno()

    def remove_leftovers(self) -> None:
        """Half-written copies of killed runs."""
        for folder in self.path.glob(".publishing-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_build(self) -> None:
        for file in (self.build_db, self.build_db.with_name("build.duckdb.wal")):
            file.unlink(missing_ok=True)

    # --- what was published --------------------------------------------------------------------

    def published_runs(self) -> list[dict]:
        """Runs on record, the earliest first; empty when nothing is published."""
        return runs_of(self.published) if self.published.exists() else []

    def check_company(self, company: str) -> None:
        runs = self.published_runs()
        if runs and runs[-1]["company"] != company:
            raise RefreshError(
                f"{self.path} holds the published history of company '{runs[-1]['company']}', and this build is"
                f" for '{company}'. One warehouse holds one company: give this one a folder of its own"
                f" (WAREHOUSE_DIR=warehouse_{company}), or, if it is the same company, name it:"
                f""" VARS='{json.dumps({"company": runs[-1]["company"]})}'."""
            )

    # --- the build database --------------------------------------------------------------------

    def prepare_build(self, company: str) -> str | None:
        """Put the published snapshots and runs in the place of what an unpublished build may have
        left. Returns a remark when the build database had to be made anew."""
        remark = self._drop_unusable_build(company)
        with duckdb.connect(str(self.build_db)) as con:
            con.execute(f'create schema if not exists "{self.build_schema}"')
            con.execute("create schema if not exists _refresh")
            con.execute("create or replace table _refresh.company as select cast(? as varchar) as company", [company])
            if self.published.exists():
                con.execute(f"attach {quoted(self.published)} as published (read_only)")
            for name in carried_tables():
                relation = self.relation(None, name)
                con.execute(f"drop table if exists {relation}")
                if self.published.exists() and table_exists(con, "published", "main", name):
                    con.execute(f"create table {relation} as select * from published.main.{name}")
            con.execute(create_runs_sql(self.relation(None, "fct_runs")))
        return remark

    def _drop_unusable_build(self, company: str) -> str | None:
        if not self.build_db.exists():
            self.remove_build()  # a log without its file belongs to nothing
            return None
        try:
            with duckdb.connect(str(self.build_db)) as con:
                known = table_exists(con, "build", "_refresh", "company")
                owner = con.execute("select company from _refresh.company").fetchone()[0] if known else company
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


def published_spec() -> dict:
    return yaml.safe_load(PUBLISHED_SPEC.read_text())


def carried_tables() -> list[str]:
    """Tables that a build adds to instead of making them anew."""
    return [name for name, table in published_spec()["tables"].items() if table.get("carried")]


def create_runs_sql(relation: str) -> str:
    columns = published_spec()["tables"]["fct_runs"]["columns"]
    return f"create table if not exists {relation} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"


def runs_of(file: Path) -> list[dict]:
    """The runs recorded in a published file; an error in plain words when it is none."""
    try:
        with duckdb.connect(str(file), read_only=True) as con:
            if not table_exists(con, con.execute("select current_database()").fetchone()[0], "main", "fct_runs"):
                raise RefreshError(f"{file} is no published file: it has no table fct_runs.")
            result = con.execute("select * from fct_runs order by published_at")
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except duckdb.Error as error:
        raise RefreshError(
            f"{file} cannot be opened ({first_line(error)}). If it is damaged, put a copy back: make restore"
        ) from None


def table_exists(con, database: str, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "select 1 from information_schema.tables where table_catalog = ? and table_schema = ? and table_name = ?",
            [database, schema, table],
        ).fetchone()
    )


def quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def first_line(error: object) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


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


def now_utc() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
