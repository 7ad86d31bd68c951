"""Replay equals rebuild: after every build of a random schedule all tables are those of a first build.

tests/python/replay.py says how, tests/python/histories.py what happens in a history. REPLAY_SEED, REPLAY_SCHEDULES.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import duckdb
import pytest
import replay
from conftest import Build, run_refresh
from histories import LAST_DAY, History

from scripts.duckdb_warehouse import DuckDBSession, DuckDBWarehouse
from scripts.publish import columns_to_publish, evidence_windows, select_sql
from scripts.warehouse import carried_tables, published_spec

SNAPSHOTS = {"store": "snap_store_segments", "rep": "snap_rep_segments", "product_group": "snap_product_group_segments"}
LEDGERS = {"fct_treatment_ledger", "fct_signal_log", "fct_alerts"}


@pytest.fixture(scope="module", autouse=True)
def outcomes(request, tmp_path_factory):
    """Outcomes by history, worked out by two processes, of the histories that this session tests."""
    wanted = {item.callspec.params["number"] for item in request.session.items if is_of_a_history(item)}
    on_server = replay.histories_on_server() & wanted
    server = request.getfixturevalue("postgres_or_none") if on_server else None
    folder = tmp_path_factory.mktemp("replay")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = {
            number: pool.submit(
                replay.replay_history,
                number,
                folder / str(number),
                server.database() if server and number in on_server else None,
            )
            for number in sorted(wanted)
        }
        yield jobs
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def postgres_or_none(request):
    """Where there is no server the schedules on DuckDB run all the same; in CI that is a failure, as elsewhere."""
    try:
        return request.getfixturevalue("postgres")
    except pytest.skip.Exception:
        return None


def is_of_a_history(item) -> bool:
    return getattr(item, "originalname", "") == "test_every_build_equals_a_rebuild"


# --- the test can fail ---------------------------------------------------------------------------------


def test_a_model_that_was_not_recomputed_is_found(tmp_path):
    """A planted fault: one build leaves a table of the way as it was, as a wrong incremental model would."""
    history = History("planted", "month", 2, 2)
    walked = replay.Replay(tmp_path / "replay", history)
    schedule = replay.Schedule("planted", "-k planted", (replay.Step(0), replay.Step(1)))
    outcome = walked.run(schedule, spoil=lambda step: ["--exclude", "int_documents"])
    assert "segmentation_build_intermediate.int_documents" in {d.table for d in outcome.differences}
    for told in ("step 1: state 1 as of", "int_documents: ", "rebuilt", "state 1, s", "REPLAY_ONLY=s"):
        assert told in outcome.report, outcome.report

    # And in the one build that is left, every way in which a table can be wrong.
    rebuilt, spoilt = walked.rebuilds[1], tmp_path / "spoilt.duckdb"
    table = "segmentation_build.fct_store_segment_history"
    for sql, told in {
        f"update {table} set periods_in_segment = 99 where rowid = 5": "periods_in_segment 99 (rebuilt: ",
        f"update {table} set override_segment = 'X' where rowid = 7": "override_segment X (rebuilt: None)",
        f"delete from {table} where rowid = 5": "only rebuilt: ",
        f"insert into {table} from (from {table} limit 1)": "only built: ",
        f"alter table {table} drop column policy_version": "rebuilt as ",
        f"drop table {table}": "built as nothing",
        "create table segmentation_build.left_over as select 1 as one": "rebuilt as nothing",
        f"update {table} set reason = case rowid when 5 then 'kept' else 'held' end where rowid in (5, 6)": "reason",
        "update segmentation_build_intermediate.int_documents set period_index = period_index + 1": "period_index",
    }.items():
        shutil.copyfile(rebuilt, spoilt)
        with duckdb.connect(str(spoilt)) as con:
            con.execute(sql)
        (difference,) = replay.compare(spoilt, rebuilt)[0]
        assert told in str(difference), f"{sql}: {difference}"
    shutil.copyfile(rebuilt, spoilt)
    assert replay.compare(spoilt, rebuilt)[0] == []
    walked.close()


# --- what is published ---------------------------------------------------------------------------------


def published(build: Build) -> dict[str, list[tuple]]:
    """Everything in the published file but the record of the runs."""
    return {
        name: build.query(f"select * from {name} order by all")
        for name in published_spec()["tables"]
        if name != "fct_runs"
    }


def published_anew(build: Build) -> dict[str, list[tuple]]:
    """The same, worked out from the build as if nothing were published yet."""
    nodes, spec = DuckDBWarehouse(build.warehouse).nodes(), published_spec()
    with duckdb.connect(str(build.build_db), read_only=True) as con:
        session = DuckDBSession(con)
        columns = columns_to_publish(session, nodes, spec)
        windows = evidence_windows(session, "", nodes, spec, is_on_top=False)
        return {
            name: session.connection.execute(
                f"from ({select_sql(nodes, name, spec['tables'][name], listed, windows.get(name))}) order by all"
            ).fetchall()
            for name, listed in columns.items()
        }


def as_published(build: Build, moment) -> dict[str, list[tuple]]:
    """The segments of every entity type as the snapshots say that they were published at a moment."""
    return {
        entity: build.query(
            f"select {entity}_id, scheme, segment, is_active from {name}"
            " where dbt_valid_from <= ? and (dbt_valid_to is null or dbt_valid_to > ?) order by all",
            [moment, moment],
        )
        for entity, name in SNAPSHOTS.items()
    }


def current(build: Build) -> dict[str, list[tuple]]:
    return {
        entity: build.query(
            f"select {entity}_id, scheme, segment, is_active from fct_{entity}_segments_current order by all"
        )
        for entity in SNAPSHOTS
    }


def test_snapshots_keep_what_each_run_published(tmp_path):
    """Three runs: one, a later one, and that one again, which changes nothing."""
    assert {*SNAPSHOTS.values(), *LEDGERS, "fct_runs"} == set(carried_tables())
    history, build = History("published", "month", 4, 2), Build(tmp_path / "warehouse", tmp_path / "company")
    first, second = history.states[0], history.states[1]
    then, before = {}, {}
    for state, day in ((first, first.as_of), (second, LAST_DAY), (second, LAST_DAY)):
        run_refresh(
            build.warehouse,
            DATA_DIR=state.write_tables(build.data_dir),
            POLICY_DIR=state.write_policy(tmp_path / "policy"),
            AS_OF_DATE=day,
        )
        runs = build.query("select published_at, is_snapshot_taken from fct_runs")
        ((moment, is_snapshot_taken),) = [run for run in runs if run[0] not in then]
        assert is_snapshot_taken
        then[moment], now = current(build), published(build)
        assert now == published_anew(build), "what is written on top is what a whole writing gives"
        for known, segments in then.items():
            assert as_published(build, known) == segments, f"what was published at {known}"
        if len(then) == 3:
            changed = {name for name, rows in now.items() if rows != before[name]}
            assert changed == set(), "rows changed by a run with nothing new"
        before = now
    segments = list(then.values())
    assert segments[0] != segments[1] == segments[2]


# --- replay equals rebuild, at last: two processes have worked on it meanwhile -----------------------------------


@pytest.mark.parametrize("number", replay.histories(), ids=lambda number: f"history{number}")
def test_every_build_equals_a_rebuild(number, outcomes):
    found, builds = outcomes[number].result()
    print(f"\n{replay.counted(found, replay.SETS)}, {builds} builds in all")
    reports = [outcome.report for outcome in found if outcome.differences]
    assert not reports, "\n\n".join(["", *reports])
    assert all(outcome.builds == len(outcome.schedule.steps) for outcome in found)
    assert all(outcome.rows > 1000 for outcome in found)
