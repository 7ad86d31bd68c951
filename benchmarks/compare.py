"""Whether contenders computed the same: marts compared row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

ENTITIES = ("store", "rep", "product_group")
HISTORY = (
    "scheme", "period_index", "segment", "computed_segment", "candidate_segment", "segment_without_memory",
    "override_segment", "previous_segment", "is_change", "periods_in_segment", "reason", "last_change_period_index",
)  # fmt: skip
EVIDENCE = (
    "scheme", "segment", "rule_group", "metric", "operator", "period_index", "value", "enter_threshold",
    "exit_threshold", "qualifies", "qualifying_streak", "failing_streak", "unobserved_streak",
    "last_signal_period_index", "is_met", "is_state_change",
)  # fmt: skip
CURRENT = ("scheme", "segment", "computed_segment", "segment_since", "reason", "is_active", "last_judged_period")
BUILD_SCHEMA = "segmentation_build"


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Comparing whole marts needs room: what does not fit goes to a folder of its own."""
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as con:
        con.execute(f"set memory_limit = '3GB'; set temp_directory = '{spill}'")
        yield con


def differences(con: duckdb.DuckDBPyConnection, ours: str, theirs: str, columns: list[str]) -> tuple[int, int]:
    """Rows of one side that the other has not, and the rows compared."""
    listed = ", ".join(columns)
    both = f"select {listed} from {ours}", f"select {listed} from {theirs}"
    count = con.execute(
        f"select (select count(*) from ({both[0]} except all {both[1]})) + "
        f"(select count(*) from ({both[1]} except all {both[0]})), (select count(*) from {ours})"
    ).fetchone()
    return count[0], count[1]


def compare_marts(build: Path, lower_bound: Path) -> dict[str, tuple[int, int]]:
    """{mart: (differing rows, rows)} of this project's build and the lower bound's file."""
    with connect() as con:
        con.execute(f"attach '{build}' as project (read_only); attach '{lower_bound}' as bound (read_only)")
        found = {}
        for entity in ENTITIES:
            metrics = [row[0] for row in con.execute(f"describe bound.fct_{entity}_metrics").fetchall()]
            for mart, columns in (
                (f"fct_{entity}_metrics", metrics[1:]),
                (f"fct_{entity}_segment_evidence", EVIDENCE),
                (f"fct_{entity}_segment_history", HISTORY),
                (f"fct_{entity}_segments_current", CURRENT),
            ):
                found[mart] = differences(
                    con, f"project.{BUILD_SCHEMA}.{mart}", f"bound.{mart}", [f"{entity}_id", *columns]
                )
        found["fct_rejected_rows"] = differences(
            con,
            f"project.{BUILD_SCHEMA}.fct_rejected_rows",
            "bound.rejected",
            ["table_name", "row_key", "reason", "loaded_at"],
        )
        return found


def compare_builds(build: Path, other: Path) -> dict[str, tuple[int, int]]:
    """{mart: (differing rows, rows)} of a full build and the same inputs in several deliveries."""
    with connect() as con:
        con.execute(f"attach '{build}' as one (read_only); attach '{other}' as two (read_only)")
        found = {}
        for entity in ENTITIES:
            for mart, columns in (
                (f"fct_{entity}_segment_evidence", EVIDENCE),
                (f"fct_{entity}_segment_history", HISTORY),
                (f"fct_{entity}_segments_current", CURRENT),
            ):
                sides = [f"{side}.{BUILD_SCHEMA}.{mart}" for side in ("one", "two")]
                found[mart] = differences(con, *sides, [f"{entity}_id", *columns])
        return found


def compare_segments(build: Path, segments: Path) -> dict[str, tuple[int, int]]:
    """{entity type and scheme: (rows whose computed segment differs, rows)} of a dataframe contender."""
    with connect() as con:
        con.execute(f"attach '{build}' as project (read_only)")
        union = " union all ".join(
            f"select '{entity}' as entity_type, {entity}_id as entity_id, scheme, period_index, computed_segment "
            f"from project.{BUILD_SCHEMA}.fct_{entity}_segment_history"
            for entity in ENTITIES
        )
        rows = con.execute(f"""
            select entity_type || ' ' || scheme,
                count(*) filter (ours.computed_segment is distinct from theirs.segment), count(*)
            from ({union}) as ours
            full join read_parquet('{segments}') as theirs using (entity_type, entity_id, scheme, period_index)
            group by all order by all
        """).fetchall()
        return {name: (different, total) for name, different, total in rows}


def sizes(build: Path) -> dict[str, tuple[int, int]]:
    """{mart: (rows, bytes)}; bytes are the blocks that a table fills, so a small table has at least one."""
    with duckdb.connect(str(build), read_only=True) as con:
        block = con.execute("select block_size from pragma_database_size()").fetchone()[0]
        tables = con.execute(
            "select table_name from duckdb_tables() where schema_name = ? "
            "and (table_name like 'fct%' or table_name like 'dim%') order by all",
            [BUILD_SCHEMA],
        ).fetchall()
        found = {}
        for (table,) in tables:
            rows = con.execute(f"select count(*) from {BUILD_SCHEMA}.{table}").fetchone()[0]
            blocks = con.execute(
                f"select count(distinct block_id) from pragma_storage_info('{BUILD_SCHEMA}.{table}') where block_id >= 0"
            ).fetchone()[0]
            found[table] = (rows, blocks * block)
        return found
