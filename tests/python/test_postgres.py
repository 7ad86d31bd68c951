"""The project on PostgreSQL: the sample company, two publications, every row as on DuckDB; and every unit test."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import connect, dbt, server_rows
from dirty_company import DirtyCompany
from engines import differing_rows

from scripts.generate_sample_data import generate

SCHEMAS = [f"segmentation_build{layer}" for layer in ("", "_intermediate", "_policy", "_staging")]
# The second one appends to what the first has made.
PUBLICATIONS = ["2026-08-20", "2026-10-06"]
NO_TESTS = ["--exclude", "resource_type:test", "resource_type:unit_test", "resource_type:snapshot"]


@dataclass
class Builds:
    """One company in both engines, and what PostgreSQL's last build said."""

    file: Path
    server: dict[str, str]
    outcome: object


@pytest.fixture(scope="module")
def builds(tmp_path_factory, postgres) -> Builds:
    folder = tmp_path_factory.mktemp("engines")
    data_dir = folder / "data"
    generate(data_dir, stores=200, months=20)
    server = postgres.database()
    for day in PUBLICATIONS:
        for warehouse, place in ((folder / "duckdb", None), (folder / "postgres", server)):
            settings = dict(as_of_date=day, PUBLISHED_AT=f"{day} 09:00:00", data_dir=data_dir, server=place)
            is_last = place and day == PUBLICATIONS[-1]
            built = dbt(["build"] if is_last else ["build", *NO_TESTS], warehouse, **settings)
            # On the tables that the build's own load has left: another load would drop staging's views.
            dbt(["build", "--select", "resource_type:snapshot"], warehouse, **(settings | {"data_dir": None}))
    return Builds(folder / "duckdb" / "build.duckdb", server, built)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_row_is_the_same(builds, schema):
    found = differing_rows(builds.file, schema, builds.server, schema)
    assert {table: number for table, number in found.items() if number} == {}
    if schema == SCHEMAS[0]:
        assert {
            "fct_store_segment_history",
            "fct_rep_metrics",
            "snap_store_segments",
            "dim_product_groups",
        } <= found.keys()
        # The second publication closed and opened rows of the snapshot.
        assert server_rows(
            builds.server, "select count(distinct dbt_valid_from) from segmentation_build.snap_store_segments"
        ) == [(2,)]


def test_every_test_passes(builds):
    """All of the project's data tests and unit tests, with the expectations that DuckDB has."""
    kinds = [row.node.resource_type for row in builds.outcome.result if row.status == "pass"]
    assert {row.status for row in builds.outcome.result} == {"success", "pass"}
    assert kinds.count("unit_test") >= 150
    assert kinds.count("test") >= 110


def test_decimals_have_their_type(builds):
    """A column of numeric without a scale keeps whatever digits an expression left: cast where one is made."""
    assert (
        server_rows(
            builds.server,
            "select table_schema || '.' || table_name || '.' || column_name from information_schema.columns"
            " where table_schema = any(%s) and data_type = 'numeric' and numeric_precision is null",
            [SCHEMAS],
        )
        == []
    )


def test_tables_are_known_to_the_planner(builds):
    assert (
        server_rows(
            builds.server,
            "select relname from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid"
            " where nspname = any(%s) and relkind = 'r' and reltuples < 0",
            [SCHEMAS],
        )
        == []
    )


def test_a_dirty_company_is_judged_alike(tmp_path, postgres):
    """All that can be wrong with a row; by the week, and in a business time zone that is not UTC."""
    data_dir = DirtyCompany(7, date(2026, 6, 20), 400).write(tmp_path / "data")
    server = postgres.database()
    for warehouse, place in ((tmp_path / "duckdb", None), (tmp_path / "postgres", server)):
        dbt(
            ["build", *NO_TESTS],
            warehouse,
            variables={"period_grain": "week", "timezone": "America/New_York"},
            as_of_date="2026-06-20",
            PUBLISHED_AT="2026-06-20 09:00:00",
            data_dir=data_dir,
            server=place,
        )
    for schema in SCHEMAS:
        found = differing_rows(tmp_path / "duckdb" / "build.duckdb", schema, server, schema)
        assert {table: number for table, number in found.items() if number} == {}
    reasons = server_rows(server, "select count(distinct reason) from segmentation_build.fct_rejected_rows")
    assert reasons[0][0] >= 8


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (None, 0),
        ("insert into s.t values (9, 1.5, 'a', null)", 1),
        ("insert into s.t select * from s.t where n = 1", 1),
        ("update s.t set x = 0.500001 where n = 1", 2),
        ("update s.t set v = '' where v is null", 2),
        ("update s.t set v = 'B' where v = 'b'", 2),
        ("update s.t set d = null where d is not null", 2),
        ("delete from s.t", 3),
        ("create table s.more (n integer)", "tables of one build alone: ['more']"),
        ("alter table s.t add column more integer", "columns of t in one build alone: ['more']"),
    ],
)
def test_the_comparison_can_fail(postgres, tmp_path, change, number):
    server = postgres.database()
    rows = "(1, 0.5, 'a', cast(null as date)), (2, null, 'b', date '2024-02-29'), (3, -1, null, null)"
    made = f"create table s.t as select n, cast(x as numeric(18, 6)) as x, v, d from (values {rows}) as r (n, x, v, d)"
    with duckdb.connect(str(tmp_path / "x.duckdb")) as file:
        file.execute(f"create schema s; {made}")
    with closing(connect(server)) as connection, connection:
        connection.cursor().execute(f"create schema s; {made}; {change or 'select 1'}")
    if isinstance(number, str):
        with pytest.raises(AssertionError) as error:
            differing_rows(tmp_path / "x.duckdb", "s", server, "s")
        assert number in str(error.value)
    else:
        assert differing_rows(tmp_path / "x.duckdb", "s", server, "s") == {"t": number}
