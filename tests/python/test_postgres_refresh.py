"""make build TARGET=postgres as a user meets it: who may read what, what readers see while it publishes,
what survives a failure, a kill and another company."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from conftest import PROJECT, SMALL_LAST_DAY, clean_environment, connect, run_refresh, server_rows
from test_refresh import SNAPSHOTS, is_free, wait_until

from scripts.warehouse import published_spec

ROLE, PASSWORD = "segmentation_reader", "only for this test"


@dataclass(frozen=True)
class Company:
    """A small company in a database of its own. The tests run in order, each on what the one before left."""

    folder: Path
    data_dir: Path
    server: dict[str, str]

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    def settings(self, **options) -> dict:
        return {"TARGET": "postgres", "DATA_DIR": self.data_dir, "AS_OF_DATE": SMALL_LAST_DAY} | self.server | options

    def refresh(self, **options):
        return run_refresh(options.pop("warehouse", self.warehouse), **self.settings(**options))

    def refused(self, **options) -> str:
        """The message of a refresh that must fail and leave what is published alone."""
        before = self.published()
        done = self.refresh(check=False, **options)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert self.published() == before
        return " ".join(done.stdout.split())

    def rows(self, sql: str) -> list[tuple]:
        return server_rows(self.server, sql)

    def run(self, sql: str) -> None:
        with closing(connect(self.server)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def published(self) -> list[tuple]:
        """Which tables stand in the published schema, and since which build."""
        tables = self.rows(
            "select c.oid::text, c.relname from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            " where n.nspname = 'segmentation' and c.relkind = 'r' order by 1"
        )
        return tables + (self.rows("select * from segmentation.fct_runs order by published_at") if tables else [])

    def schemas(self) -> set[str]:
        return {name for (name,) in self.rows("select nspname::text from pg_namespace where nspname like 'segm%'")}

    def snapshots(self) -> dict[str, list[tuple]]:
        return {name: self.rows(f"select * from segmentation.{name} order by dbt_scd_id") for name in SNAPSHOTS}


@pytest.fixture(scope="module")
def company(postgres, small_data, tmp_path_factory) -> Company:
    made = Company(tmp_path_factory.mktemp("postgres_refresh"), small_data, postgres.database())
    made.refresh()
    return made


def test_what_is_listed_is_published_and_nothing_else(company):
    spec = published_spec()["tables"]
    found: dict[str, list[str]] = {}
    for table, column in company.rows(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'segmentation' order by table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(column)
    assert set(found) == set(spec)
    for name, table in spec.items():
        listed = list(table["columns"])
        assert found[name][: len(listed)] == listed
        assert all("pattern" in table and column.endswith("_segment") for column in found[name][len(listed) :])
    assert "segmentation_next" not in company.schemas()


def test_contact_data_stand_in_a_schema_of_their_own(company):
    """Beside the raw tables, which are as they came."""
    found = company.rows(
        "select distinct table_schema::text from information_schema.columns"
        " where column_name in ('contact_email', 'contact_phone', 'email') and table_schema like 'segm%' order by 1"
    )
    assert found == [("segmentation_build_contacts",), ("segmentation_build_raw",)]
    assert company.rows("select count(*) > 0 from segmentation_build_contacts.int_store_contacts") == [(True,)]


def test_the_reader_reads_the_published_schema_and_nothing_else(company):
    company.run(f"alter role {ROLE} password '{PASSWORD}'")
    with closing(connect(company.server | {"PGUSER": ROLE, "PGPASSWORD": PASSWORD})) as reader:
        reader.autocommit = True
        cursor = reader.cursor()
        for name in published_spec()["tables"]:
            cursor.execute(f"select count(*) from segmentation.{name}")
            assert cursor.fetchone()[0] is not None
        elsewhere = company.rows(
            "select schemaname, tablename from pg_tables where schemaname like 'segmentation_build%'"
            " union all select schemaname, viewname from pg_views where schemaname like 'segmentation_build%'"
        )
        assert len(elsewhere) > 100
        for schema, table in elsewhere:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"select count(*) from {schema}.{table}")
        for forbidden in (
            "delete from segmentation.fct_runs",
            "create table segmentation.mine (id integer)",
            "create schema mine",
            "create table public.mine (id integer)",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(forbidden)


def test_an_open_query_ends_on_the_state_on_which_it_began(company):
    """And keeps that state from being dropped, which the build after it makes good."""
    before = company.snapshots()
    with closing(connect(company.server)) as reader:
        cursor = reader.cursor("open")  # a cursor on the server: most rows are read after the switch
        cursor.itersize = 10
        cursor.execute("select store_id, (select count(*) from segmentation.fct_runs) from segmentation.dim_stores")
        first = cursor.fetchone()
        company.refresh()
        rest = cursor.fetchall()
        assert {runs for _, runs in [first, *rest]} == {1}
        assert len(rest) + 1 == company.rows("select count(*) from segmentation.dim_stores")[0][0]
        assert company.rows("select count(*) from segmentation.fct_runs") == [(2,)]
        done = company.refresh(AS_OF_DATE=SMALL_LAST_DAY - dt.timedelta(days=60))
        told = " ".join(done.stdout.split())
        assert "is still read by someone" in told and "snapshots stay as they are" in told
        reader.rollback()
    assert company.snapshots() == before  # the same day again, and a day before it
    assert company.rows("select is_snapshot_taken from segmentation.fct_runs order by published_at") == [
        (False,),
        (True,),
        (True,),
    ]


def test_a_schema_that_someone_is_changing_is_not_published(company):
    with closing(connect(company.server)) as other, other.cursor() as cursor:
        cursor.execute("alter schema segmentation rename to somebody_elses_idea")
        done = company.refresh(check=False)
        assert done.returncode == 1 and "nothing was published" in " ".join(done.stdout.split()), done.stdout
        other.rollback()
    assert "segmentation_next" in company.schemas()
    assert company.rows("select count(*) from segmentation.fct_runs") == [(3,)]


def test_a_killed_build_is_never_published_nor_trusted(company):
    before, kept = company.published(), company.snapshots()
    killed = subprocess.Popen(
        [sys.executable, "-m", "scripts.refresh"],
        cwd=PROJECT,
        env=clean_environment(WAREHOUSE_DIR=company.warehouse, **company.settings()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: not (company.warehouse / "target" / "run_results.json").exists())  # dbt has begun
    time.sleep(4)
    killed.kill()
    killed.wait()
    wait_until(lambda: is_free(company.warehouse))  # its dbt ends by itself
    assert company.published() == before
    # What an unpublished build may leave behind: rows that never were.
    for name in SNAPSHOTS:
        company.run(f"update segmentation_build.{name} set segment = 'NEVER_PUBLISHED'")
    company.run("insert into segmentation_build.fct_runs (run_id) values ('never published')")
    # Bound to the state that this build replaces; the next test says what comes of it.
    company.run("create view public.theirs as select count(*) as stores from segmentation.dim_stores")
    company.refresh()
    assert company.snapshots() == kept
    assert company.rows("select count(*), count(distinct run_id) from segmentation.fct_runs") == [(4, 4)]
    # The states before were dropped, but for the one that this build put away.
    assert len([name for name in company.schemas() if name.startswith("segmentation_old_")]) == 1
    assert "segmentation_next" not in company.schemas()


def test_a_view_of_somebody_is_never_dropped(company):
    """It is bound to the state on which it was made. The build says so and keeps that state."""
    told = " ".join(company.refresh().stdout.split())
    assert "something of yours depends on it" in told and "view theirs" in told
    assert company.rows("select stores > 0 from public.theirs") == [(True,)]
    company.run("drop view public.theirs")


def test_refused_before_anything_is_touched(company, tmp_path):
    assert "'another'" in company.refused(variables={"company": "another"})
    assert "PGHOST" in company.refused(PGPORT="1")
    assert "does not end in _build" in company.refused(BUILD_SCHEMA="segmentation_work")
    with closing(connect(company.server)) as other, other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtext('dynamic_segmentation'), hashtext('segmentation_build'))")
        assert "Another build is at work" in company.refused(warehouse=tmp_path / "of_another_machine")
    company.run("create schema finance; create table finance.ledger (id integer)")
    assert "was not published by this project" in company.refused(BUILD_SCHEMA="finance_build")
    assert company.rows("select count(*) from finance.ledger") == [(0,)]


def test_tables_of_the_warehouse_are_read_where_they_are(company):
    """DATA_DIR=none: nothing is loaded; what a table lacks is found out. Another company, another schema."""
    company.run("create schema lake")
    for table in ("stores", "products", "orders", "order_lines"):
        company.run(f"create table lake.{table} as select * from segmentation_build_raw.erp_{table}")
    company.run("alter table lake.stores rename to customers")
    done = company.refresh(
        DATA_DIR="none",
        BUILD_SCHEMA="of_lake_build",
        variables={"company": "lake", "raw_schema": "lake", "raw_identifiers": {
            "erp_stores": "customers", "erp_products": "products", "erp_orders": "orders",
            "erp_order_lines": "order_lines"}},
        warehouse=company.folder / "lake",
    )  # fmt: skip
    assert "sfa_visits" in done.stdout  # not given
    sales = "select sum(order_value_period) from {}.fct_store_metrics"
    assert company.rows(sales.format("of_lake")) == company.rows(sales.format("segmentation"))
