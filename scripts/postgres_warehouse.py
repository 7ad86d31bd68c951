"""The server warehouse: dbt works in `<schema>_build*`, readers have `<schema>`.

Where and as whom comes from the variables that every PostgreSQL client reads (PGHOST, PGPORT, PGUSER,
PGPASSWORD, PGDATABASE), as in profiles.yml.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from scripts import load_sources
from scripts.sql_text import first_line, quoted
from scripts.warehouse import (
    BATCH,
    Node,
    RefreshError,
    Session,
    Warehouse,
    carried_tables,
    create_runs_sql,
)

# How long the switch, or the end of an old state, waits for readers that hold it.
LOCK_TIMEOUT = "10s"
# What a role or a database may have set otherwise, and our SQL relies on.
OPTIONS = "-c datestyle=ISO,YMD -c intervalstyle=postgres -c extra_float_digits=1 -c statement_timeout=0"


class PostgresSession(Session):
    def __init__(self, connection: Connection):
        self.connection = connection

    def rows(self, sql: str, parameters: list | tuple = ()) -> list[dict]:
        with self.connection.cursor() as cursor:
            cursor.execute(*adapted(sql, parameters))
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, sql: str, parameters: list | tuple = ()) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(*adapted(sql, parameters))

    def columns(self, relation: str) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"select * from {relation} limit 0")
            return [column.name for column in cursor.description]

    def batches(self, sql: str, parameters: list | tuple = ()) -> Iterator[list[tuple]]:
        with self.connection.cursor(name="batches") as cursor:  # named: the server keeps the result
            cursor.itersize = BATCH
            cursor.execute(*adapted(sql, parameters))
            while rows := cursor.fetchmany(BATCH):
                yield rows


def adapted(sql: str, parameters: list | tuple) -> tuple:
    """The SQL with psycopg2's placeholders."""
    return (sql.replace("%", "%%").replace("?", "%s"), list(parameters)) if parameters else (sql,)


def settings() -> dict[str, str]:
    """Where the database is, as profiles.yml reads it."""
    return {
        "host": os.environ.get("PGHOST") or "localhost",
        "port": os.environ.get("PGPORT") or "5432",
        "user": os.environ.get("PGUSER") or os.environ.get("USER", "postgres"),
        "password": os.environ.get("PGPASSWORD", ""),
        "dbname": os.environ.get("PGDATABASE") or "postgres",
        "sslmode": os.environ.get("PGSSLMODE") or "prefer",
    }


class PostgresWarehouse(Warehouse):
    @property
    def schema(self) -> str:
        """The schema that BI tools read."""
        if not self.build_schema.endswith("_build"):
            raise RefreshError(
                f"BUILD_SCHEMA: '{self.build_schema}' does not end in _build; a build in acme_build is published"
                " as acme."
            )
        return self.build_schema.removesuffix("_build")

    @property
    def next_schema(self) -> str:
        return f"{self.schema}_next"

    @property
    def place(self) -> str:
        where = settings()
        return f"schema {self.schema} of database {where['dbname']} on {where['host']}"

    def own_place(self, company: str) -> str:
        return f"give this one a database or schemas of its own (BUILD_SCHEMA={company}_build)"

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection; errors of reaching the server and of rights in plain words."""
        try:
            connection = psycopg2.connect(**settings(), connect_timeout=10, options=OPTIONS)
        except psycopg2.OperationalError as error:
            raise RefreshError(
                f"PostgreSQL cannot be reached ({first_line(error)}). PGHOST, PGPORT, PGUSER, PGPASSWORD and"
                " PGDATABASE say where and as whom."
            ) from None
        try:
            yield connection
        except errors.InsufficientPrivilege as error:
            raise RefreshError(
                f"{first_line(error)}. User {settings()['user']} needs: grant create on database"
                f" {settings()['dbname']} to {settings()['user']}."
            ) from None
        finally:
            connection.close()

    @contextmanager
    def connected(self) -> Iterator[Session]:
        """One transaction, committed when the block ends without an error."""
        with self.session() as connection, connection:
            yield PostgresSession(connection)

    @contextmanager
    def lock(self) -> Iterator[int]:
        """The folder's lock, and one of the database against builds from other machines."""
        with super().lock() as handle, self.session() as connection:
            held = PostgresSession(connection).rows(
                "select pg_try_advisory_lock(hashtext('dynamic_segmentation'), hashtext(?)) as is_held",
                [self.build_schema],
            )
            connection.commit()  # the lock is the session's; nothing else may stay open
            if not held[0]["is_held"]:
                raise RefreshError(
                    f"Another build is at work in {self.build_schema} of database {settings()['dbname']}: wait for"
                    " it to end, or give this one schemas of its own (BUILD_SCHEMA=name_build)."
                )
            yield handle

    def dbt_settings(self) -> dict[str, str]:
        return {"PGOPTIONS": f"{os.environ.get('PGOPTIONS', '')} {OPTIONS}".strip()}

    # --- input -----------------------------------------------------------------------------------

    def raw_schema(self, wanted: str | None) -> str:
        return wanted or f"{self.build_schema}_raw"

    def load(self, data_dir: Path | None, raw_schema: str, **options) -> dict:
        with self.session() as connection:
            return load_sources.offer(data_dir, connection, raw_schema, build_schema=self.build_schema, **options)

    # --- published -------------------------------------------------------------------------------

    def published_runs(self) -> list[dict]:
        with self.connected() as session:
            if not exists(session, self.schema):
                return []
            if not exists(session, self.schema, "fct_runs"):
                raise RefreshError(
                    f"Schema {self.schema} was not published by this project (it has no table fct_runs), and"
                    " publishing would replace it: build into another one (BUILD_SCHEMA=name_build)."
                )
            return session.rows(f"select * from {quoted(self.schema)}.fct_runs order by published_at")

    def published_size(self) -> str:
        with self.connected() as session:
            size = session.rows(
                "select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes from pg_class as c"
                " inner join pg_namespace as n on c.relnamespace = n.oid where n.nspname = ? and c.relkind = 'r'",
                [self.schema],
            )[0]["bytes"]
        return f"{size / 1_000_000:.1f} MB"

    def how_to_open(self) -> str:
        return "Read it with any tool that speaks PostgreSQL"

    def remove_leftovers(self) -> list[str]:
        """A half-made next state, and the states before the published one. One that a reader still holds
        is left for the next build."""
        with self.connected() as session:
            names = [
                row["nspname"]
                for row in session.rows(
                    "select nspname from pg_namespace where starts_with(nspname, ?) order by 1", [self.schema]
                )
            ]
        remarks = []
        for name in names:
            if name == self.next_schema or re.fullmatch(re.escape(self.schema) + r"_old_\d{14}", name):
                try:
                    with self.connected() as session:
                        session.run(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                        self._drop_state(session, name)
                except errors.LockNotAvailable:
                    remarks.append(f"schema {name} is still read by someone; the next build drops it")
                except errors.DependentObjectsStillExist as error:
                    remarks.append(
                        f"schema {name}, an earlier state, is kept, since something of yours depends on it and shows"
                        f" old numbers: make that anew on schema {self.schema} ({' '.join(str(error).split())})"
                    )
        return remarks

    def _drop_state(self, session: Session, schema: str) -> None:
        """Table by table, without cascade: what others have built upon them is not ours to drop."""
        for table in session.rows("select tablename from pg_tables where schemaname = ?", [schema]):
            session.run(f"drop table {quoted(schema)}.{quoted(table['tablename'])}")
        session.run(f"drop schema {quoted(schema)}")

    def building(self) -> AbstractContextManager[Session]:
        return self.connected()

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, str]]:
        with self.connected() as session:
            yield session, f"{quoted(self.schema)}."

    def reading_published(self) -> AbstractContextManager[tuple[Session, str]]:
        return self.reading()

    def beside_build(self, session: Session) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def publishing(self, nodes: dict[str, Node], readers: list[str], on_top: bool) -> Iterator[tuple[Session, str]]:
        new = quoted(self.next_schema)
        with self.connected() as session:
            session.run(f"create schema {new}")
            yield session, f"{new}."
            self._index_and_grant(session, readers)
        self._switch()

    def _index_and_grant(self, session: Session, readers: list[str]) -> None:
        new = quoted(self.next_schema)
        keys = session.rows(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = ? and ordinal_position = 1 and column_name in (?, ?, ?)",
            [self.next_schema, "store_id", "rep_id", "product_group_id"],
        )
        for key in keys:
            session.run(f"create index on {new}.{quoted(key['table_name'])} ({quoted(key['column_name'])})")
        for reader in readers:
            self._create_role(session, reader)
            session.run(f"grant usage on schema {new} to {quoted(reader)}")
            session.run(f"grant select on all tables in schema {new} to {quoted(reader)}")
        tables = session.rows("select tablename from pg_tables where schemaname = ?", [self.next_schema])
        for table in tables:
            session.run(f"analyze {new}.{quoted(table['tablename'])}")

    def _create_role(self, session: Session, name: str) -> None:
        """A role that may log in once an administrator has given it a password."""
        if session.rows("select 1 as found from pg_roles where rolname = ?", [name]):
            return
        session.run("savepoint before_role")
        try:
            session.run(f"create role {quoted(name)} login")
        except errors.InsufficientPrivilege:
            session.run("rollback to savepoint before_role")
            raise RefreshError(
                f"Role {name} (var grants) does not exist, and {settings()['user']} may not create it. An"
                f" administrator can: create role {quoted(name)} login."
            ) from None

    def _switch(self) -> None:
        """The published schema away and the next one in: readers see the one state or the other, and a
        query that has begun ends on the state on which it began."""
        old = quoted(self.schema)
        try:
            with self.connected() as session:
                session.run(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                if exists(session, self.schema):
                    away = session.rows("select to_char(clock_timestamp(), 'YYYYMMDDHH24MISS') as at")[0]["at"]
                    session.run(f"alter schema {old} rename to {quoted(f'{self.schema}_old_{away}')}")
                session.run(f"alter schema {quoted(self.next_schema)} rename to {old}")
        except errors.LockNotAvailable:
            raise RefreshError(
                f"Schema {self.schema} is locked by another session for more than {LOCK_TIMEOUT}: nothing was"
                " published. See pg_locks for who holds it, and build again."
            ) from None

    # --- the build -------------------------------------------------------------------------------

    def prepare_build(self, company: str) -> str | None:
        remark = None
        with self.connected() as session:
            schema = f"{self.build_schema}_refresh"
            if exists(session, schema, "company"):
                owner = session.rows(f"select company from {self.stamp}")[0]["company"]
                if owner != company:
                    self._drop_build(session)
                    remark = (
                        f"{self.build_schema} held company '{owner}', of which nothing is published: built from scratch"
                    )
            session.run(f"create schema if not exists {quoted(schema)}")
            session.run(f"drop table if exists {self.stamp}")
            session.run(f"create table {self.stamp} as select cast(? as text) as company", [company])
        return remark

    def _drop_build(self, session: Session) -> None:
        for layer in ("", "_refresh", "_raw", "_policy", "_staging", "_intermediate", "_contacts"):
            session.run(f"drop schema if exists {quoted(self.build_schema + layer)} cascade")

    def carry(self, nodes: dict[str, Node]) -> None:
        with self.connected() as session:
            for name in carried_tables():
                node = nodes[name]
                session.run(f"create schema if not exists {quoted(node.schema)}")
                session.run(f"drop table if exists {node.relation} cascade")
                if exists(session, self.schema, node.alias):
                    published = f"{quoted(self.schema)}.{quoted(node.alias)}"
                    session.run(f"create table {node.relation} as select * from {published}")
            session.run(create_runs_sql(nodes["fct_runs"].relation))


def exists(session: Session, schema: str, table: str | None = None) -> bool:
    """Whether there is such a schema, or such a table in it."""
    if table is None:
        return bool(session.rows("select 1 as found from pg_namespace where nspname = ?", [schema]))
    return bool(
        session.rows("select 1 as found from pg_tables where schemaname = ? and tablename = ?", [schema, table])
    )
