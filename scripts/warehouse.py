"""Where a build works and where its result stands: what DuckDB and PostgreSQL have in common.

A warehouse has a folder (lock, logs, dbt's target, the summary) and a database. What differs by
engine is in duckdb_warehouse.py and postgres_warehouse.py.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

PROJECT = Path(__file__).resolve().parent.parent
PUBLISHED_SPEC = Path(__file__).with_name("published.yml")
PACKAGE = "dynamic_segmentation"
# Rows that a session hands on at a time.
BATCH = 10_000


class RefreshError(Exception):
    """Something a user can put right; its text says what and how."""


class Session(Protocol):
    """One connection. Parameters stand as `?` in the SQL."""

    def rows(self, sql: str, parameters: list | tuple = ()) -> list[dict]: ...

    def run(self, sql: str, parameters: list | tuple = ()) -> None: ...

    def columns(self, relation: str) -> list[str]: ...

    def batches(self, sql: str, parameters: list | tuple = ()) -> Iterator[list[tuple]]:
        """Rows some thousands at a time, so that a long result needs no memory."""
        ...


@dataclass(frozen=True)
class Node:
    """A table as dbt builds it: a user may have given it another schema or name (alias)."""

    name: str
    database: str
    schema: str
    alias: str
    relation: str
    package: str = ""
    materialized: str = ""
    file: Path | None = None  # of a seed


@dataclass(frozen=True)
class Warehouse:
    path: Path

    # --- the folder ------------------------------------------------------------------------------

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

    @property
    def stamp(self) -> str:
        """The table that says whose build it is."""
        return self.record("company")

    @contextmanager
    def lock(self) -> Iterator[int]:
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

    # --- what dbt has read -----------------------------------------------------------------------

    def nodes(self) -> dict[str, Node]:
        """Models, seeds, snapshots and sources of the last parse, by name: ours, or the one that the
        user's project has put in the place of ours."""
        manifest = json.loads((self.target / "manifest.json").read_text())
        found: dict[str, Node] = {}
        everything = [*manifest["nodes"].values(), *manifest["sources"].values()]
        for node in sorted(everything, key=lambda node: node["package_name"] == PACKAGE):
            if node["resource_type"] in ("model", "seed", "snapshot", "source"):
                found[node["name"]] = Node(
                    name=node["name"],
                    database=node["database"],
                    schema=node["schema"],
                    alias=node.get("alias") or node["identifier"],
                    relation=node["relation_name"] or "",
                    package=node["package_name"],
                    materialized=node.get("config", {}).get("materialized") or "",
                    file=Path(node["root_path"]) / node["original_file_path"] if node.get("root_path") else None,
                )
        return found

    # --- what was made anew ----------------------------------------------------------------------

    def record(self, table: str) -> str:
        """A table of the build's record (macros/materializations/build_record.sql)."""
        return f'"{self.build_schema}_refresh"."{table}"'

    def mark_published(self, run_id: str, layout: str) -> None:
        """What was made anew until now is tested and published, by a run and laid out in a way: later tests look at
        what comes after, and later publishing writes it."""
        touched, tested, published = self.record("touched_periods"), self.record("tested"), self.record("published")
        with self.building() as session:
            session.run(f"delete from {touched} where touched_at < (select max(touched_at) from {touched})")
            session.run(f"delete from {tested}")
            session.run(f"insert into {tested} select max(touched_at) from {touched} having count(*) > 0")
            session.run(f"delete from {published}")
            state = layout + self.published_stamp()
            session.run(f"insert into {published} (run_id, layout) values (?, ?)", [run_id, state])

    def touched_since_published(self, layout: str) -> dict[str, int] | None:
        """First period of each table that was made anew since what is published was written from this build; none
        where that was written from another one, laid out in another way, or changed by someone else."""
        runs = self.published_runs()
        if not runs or not self.writes_on_top:
            return None
        with self.building() as session:
            if session.rows(f"select run_id, layout from {self.record('published')}") != [
                {"run_id": runs[-1]["run_id"], "layout": layout + self.published_stamp()}
            ]:
                return None
            rows = session.rows(
                f"select model, min(from_period_index) as first_period_index from {self.record('touched_periods')}"
                f" where touched_at > {self.tested_until} and from_period_index is not null group by model"
            )
        return {row["model"].rpartition(".")[2]: row["first_period_index"] for row in rows}

    @property
    def tested_until(self) -> str:
        """An expression: the start of the last run that was tested and published."""
        return f"coalesce((select max(tested_until) from {self.record('tested')}), timestamp '0001-01-01')"

    # --- what was published ----------------------------------------------------------------------

    def check_company(self, company: str) -> None:
        """Refuse to mix two companies' histories."""
        runs = self.published_runs()
        if runs and runs[-1]["company"] != company:
            raise RefreshError(
                f"{self.place} holds the published history of company '{runs[-1]['company']}', and this build is"
                f" for '{company}'. One warehouse holds one company: {self.own_place(company)}, or, if it is the"
                f""" same company, name it: VARS='{json.dumps({"company": runs[-1]["company"]})}'."""
            )

    # --- by engine -------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The published result in words."""
        raise NotImplementedError

    def own_place(self, company: str) -> str:
        """How to give a company a warehouse of its own."""
        raise NotImplementedError

    def raw_schema(self, wanted: str | None) -> str:
        """The schema that the loader fills."""
        raise NotImplementedError

    def load(self, data_dir: Path | None, raw_schema: str, **options) -> dict:
        """Offer a folder's files as raw tables; without a folder, look for them in the warehouse."""
        raise NotImplementedError

    def dbt_settings(self) -> dict[str, str]:
        """Environment that dbt needs beside what the user has set."""
        return {}

    def cure(self, messages: list[str]) -> dict[str, str]:
        """Environment with which dbt gets round a known fault of the engine that its messages tell of."""
        return {}

    def remove_leftovers(self) -> list[str]:
        """Undo what killed runs left of publishing; remarks on what could not be."""
        raise NotImplementedError

    def prepare_build(self, company: str) -> str | None:
        """Make the build database ready for a company; a remark when it had to be made anew."""
        raise NotImplementedError

    def carry(self, nodes: dict[str, Node]) -> None:
        """Put the published snapshots and runs in the place of what an unpublished build may have left."""
        raise NotImplementedError

    def published_runs(self) -> list[dict]:
        """Runs on record, the earliest first; empty when nothing is published."""
        raise NotImplementedError

    # Whether `publishing` can begin with what is published.
    writes_on_top = False

    def publishing(
        self, nodes: dict[str, Node], readers: list[str], on_top: bool
    ) -> AbstractContextManager[tuple[Session, str]]:
        """A session that sees the build, and the prefix of the tables to publish: empty, or (`on_top`) as they are
        published. When the block ends without an error they take the place of the published ones, at once."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[tuple[Session, str]]:
        """A session that sees the build, and the prefix of the published tables."""
        raise NotImplementedError

    def reading_published(self) -> AbstractContextManager[tuple[Session, str]]:
        """A session that sees what is published and gets in no build's way, and the prefix of the published tables."""
        raise NotImplementedError

    def beside_build(self, session: Session) -> AbstractContextManager[None]:
        """Within the block a session of `reading_published` sees the build too."""
        raise NotImplementedError

    def building(self) -> AbstractContextManager[Session]:
        """A session that may write to the build."""
        raise NotImplementedError

    def published_stamp(self) -> str:
        """Changes when someone else has written to what is published; empty where that is not known."""
        return ""

    def published_size(self) -> str:
        raise NotImplementedError

    def how_to_open(self) -> str:
        raise NotImplementedError


def published_spec() -> dict:
    return yaml.safe_load(PUBLISHED_SPEC.read_text())


def carried_tables() -> list[str]:
    """Tables that a build adds to instead of making them anew."""
    return [name for name, table in published_spec()["tables"].items() if table.get("carried")]


def create_runs_sql(relation: str) -> str:
    columns = published_spec()["tables"]["fct_runs"]["columns"]
    return f"create table if not exists {relation} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"


def columns_of(session: Session, node: Node) -> list[str]:
    """Column names in order; none when there is no such table."""
    found = session.rows(
        "select column_name from information_schema.columns"
        " where table_catalog = ? and table_schema = ? and table_name = ? order by ordinal_position",
        [node.database, node.schema, node.alias],
    )
    return [row["column_name"] for row in found]


def now_utc() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
