"""The contenders of `make bench` agree, at a scale that takes seconds. Nothing is said about time."""

from __future__ import annotations

import datetime as dt
import sys

import duckdb
import pytest
from conftest import PROJECT, dbt
from replay import OF_CONSEQUENCES

from benchmarks import compare, lower_bound, project, report, timed_refresh, workload
from benchmarks.measure import run

SCALE = workload.Scale(stores=60, lines=2_000)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> workload.Workload:
    return workload.make(tmp_path_factory.mktemp("bench"), SCALE)


@pytest.fixture(scope="module")
def build(made, tmp_path_factory):
    """This project's marts of the workload, without tests, snapshots and publishing."""
    folder = tmp_path_factory.mktemp("warehouse")
    command = ["build", "--exclude-resource-type", "unit_test", "test", "snapshot"]
    dbt(command, folder, data_dir=made.all, as_of_date=str(made.last_day))
    return folder / "build.duckdb"


def test_the_lower_bound_computes_the_same_marts(made, build, tmp_path):
    lower_bound.run(made.all, tmp_path / "bound.duckdb", made.last_day)
    found = compare.compare_marts(build, tmp_path / "bound.duckdb")
    assert {mart: differing for mart, (differing, _) in found.items() if differing} == {}
    assert found["fct_store_segment_evidence"][1] > 10_000
    # what the lower bound leaves out, as its docstring says
    with duckdb.connect(build, read_only=True) as con:
        marts = con.execute(
            "select table_name from information_schema.tables where table_schema = ? and table_name like 'fct%'",
            [compare.BUILD_SCHEMA],
        ).fetchall()
    assert {mart for (mart,) in marts} - set(found) - OF_CONSEQUENCES == {
        "fct_segment_transitions", "fct_rep_scores", "fct_rep_score_contributions", "fct_product_group_scores",
        "fct_product_group_score_contributions",
    }  # fmt: skip
    assert {mart for mart, (_, rows) in found.items() if not rows} == set()


def test_every_mart_has_a_size(build):
    found = compare.sizes(build)
    assert found["fct_store_metrics"][0] > 1_000 and found["fct_store_metrics"][1] > 0
    assert {"fct_store_segment_evidence", "fct_store_score_contributions", "dim_stores"} <= set(found)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dataframes_compute_the_same_segments(made, build, tmp_path, library):
    pytest.importorskip(library)
    out = tmp_path / "segments.parquet"
    command = [sys.executable, "-m", "benchmarks.dataframes", library, str(made.all), str(out), str(made.last_day)]
    run(command, PROJECT, log=tmp_path / "log")
    found = compare.compare_segments(build, out)
    # binary floats may put a value that lies on a threshold on its other side
    assert {scheme: differing for scheme, (differing, total) in found.items() if differing > total / 1000} == {}
    assert len(found) == 7


def test_deliveries_are_the_whole_workload(made):
    for table in workload.TABLES:
        if not list((made.all / table).glob("*.parquet")):
            continue
        parts = [f"read_parquet('{made.parts(name) / table}/*.parquet')" for name in ("base", "month", "day")]
        union = " union all ".join(f"select * from {part}" for part in parts)
        whole = f"select * from read_parquet('{made.all / table}/*.parquet')"
        assert duckdb.sql(f"({whole}) except all ({union})").fetchall() == []
        assert duckdb.sql(f"({union}) except all ({whole})").fetchall() == []
    days = made.days
    assert days["base"].month < days["month"].month == days["day"].month
    ((ordered_at, loaded_at),) = duckdb.sql(
        f"select ordered_at, loaded_at from read_parquet('{made.parts('late')}/erp_orders/*.parquet')"
    ).fetchall()
    assert ordered_at.date() == days["late"] - dt.timedelta(days=30) and loaded_at.date() == days["late"]


def test_the_tables_show_medians_and_ratios():
    def runs(*cpu: float) -> list[dict]:
        return [{"cpu": seconds, "wall": seconds, "memory": 1e6, "parts": {}} for seconds in cpu]

    results = {"runs": {"full": runs(8.0, 30.0, 9.0), "lower_bound": runs(3.0)}, "agreement": {}}
    assert report.cost_rows(results)[0] == ["this project: full build", "9.0", "9.0", "1", "3.00", "3"]
    results["agreement"] = {"lower_bound": {"fct_store_metrics": [2, 100]}, "pandas": {"store value": [5, 100]}}
    assert report.disagreements(results) == ["lower_bound: 2 of 100 rows of fct_store_metrics"]


def test_nodes_share_what_dbt_used_while_they_ran():
    def ran(name: str, first: str, last: str) -> dict:
        timing = [{"started_at": f"1970-01-01T00:00:{first}Z", "completed_at": f"1970-01-01T00:00:{last}Z"}]
        return {"unique_id": name, "timing": timing}

    used = [(0.0, 10.0), (1.0, 11.0), (2.0, 13.0), (3.0, 14.0), (4.0, 20.0)]
    found = timed_refresh.shares(used, [ran("a", "00.5", "02.0"), ran("b", "01.5", "02.5"), ran("c", "09.0", "09.5")])
    assert found == {"a": 1.0 + 1.0, "b": 1.0 + 1.0, "c": 0.0}
    seconds = {"model.p.base_a": 1.0, "test.p.one.x": 0.5, "test.p.two.x": 0.25, "snapshot.p.s": 2.0}
    assert timed_refresh.by_kind(seconds) == {"base_a": 1.0, "data tests": 0.75, "snapshots": 2.0}


def test_noticing_is_what_reading_for_nothing_takes_more():
    def cost(base: float, load: float, **parts) -> dict:
        return {"parts": {"nodes": {"base_a": base, "int_b": 9.0}, "load": {"cpu": load}} | parts}

    costs = {"noop": cost(0.5, 1.0), "again": cost(2.5, 1.5, raw_rows=10)}
    assert project.noticing(costs) == 0.2
    assert project.noticing(costs, with_loader=True) == 0.25
