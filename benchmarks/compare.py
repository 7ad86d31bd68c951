"""Whether contenders computed the same: marts compared row by row."""

from __future__ import annotations

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
    with duckdb.connect() as con:
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
