"""This project as a contender: each of its kinds of runs, as a user would start it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, run
from benchmarks.workload import Workload, rewrite

ROOT = Path(__file__).resolve().parent.parent
# in the order in which they are delivered
DELTAS = {
    "month": "one new closed month", "day": "one new day", "noop": "nothing new",
    "again": "nothing new, every file written anew", "late": "one late order",
}  # fmt: skip


def build(data: Path, warehouse: Path, as_of: object, log: Path, memory_limit: str = "4GB") -> Cost:
    """One `python -m scripts.refresh`, with its parts."""
    parts = log.with_suffix(".json")
    cost = run(
        [sys.executable, "-m", "benchmarks.timed_refresh", str(parts)],
        ROOT,
        {
            "DATA_DIR": str(data), "WAREHOUSE_DIR": str(warehouse), "AS_OF_DATE": str(as_of), "TARGET": "duckdb",
            "POLICY_DIR": "", "PROJECT_DIR": "", "VARS": '{"company": "bench"}', "DUCKDB_MEMORY_LIMIT": memory_limit,
        },
        log,
    )  # fmt: skip
    cost.parts = json.loads(parts.read_text())
    return cost


def empty_builds(workload: Workload, work: Path) -> dict[str, Cost]:
    """The same graph on inputs without rows, what a build costs before it has anything to do: into a new
    warehouse, and again on the next day, when dbt has the project read already."""
    inbox, warehouse = fresh(work / "empty")
    workload.deliver("empty", inbox)
    days = workload.days
    return {
        "empty": build(inbox, warehouse, days["month"], work / "empty.log"),
        "empty_again": build(inbox, warehouse, days["day"], work / "empty_again.log"),
    }


def full_build(workload: Workload, work: Path, memory_limit: str) -> Cost:
    """Everything, into a new warehouse. It is kept: the other contenders are compared with it."""
    _, warehouse = fresh(work / "full")
    return build(workload.all, warehouse, workload.days["day"], work / "full.log", memory_limit)


def prepare_deltas(workload: Workload, work: Path, memory_limit: str) -> Cost:
    """The state of a month ago, from which every round of deltas starts."""
    inbox, warehouse = fresh(work / "base")
    workload.deliver("base", inbox)
    return build(inbox, warehouse, workload.days["base"], work / "base.log", memory_limit)


def delta_builds(workload: Workload, work: Path, memory_limit: str) -> dict[str, Cost]:
    """The deliveries one after the other into one warehouse, each with its build."""
    inbox, warehouse = fresh(work / "deltas")
    workload.deliver("base", inbox)
    shutil.rmtree(warehouse)
    shutil.copytree(work / "base" / "warehouse", warehouse)
    costs = {}
    for delta in DELTAS:
        if delta == "again":
            rewrite(inbox)
        elif delta != "noop":
            workload.deliver(delta, inbox)
        costs[delta] = build(inbox, warehouse, workload.days[delta], work / f"{delta}.log", memory_limit)
        costs[delta].parts["raw_rows"] = rows_read(workload, delta, inbox)
        if delta == "again":
            shutil.copyfile(warehouse / "build.duckdb", work / "stepwise.duckdb")
    return costs


def rows_read(workload: Workload, delta: str, inbox: Path) -> int:
    """Raw rows of the tables of which a delivery brings a file: a build reads them all."""
    tables = [
        folder for folder in inbox.iterdir() if delta == "again" or (workload.parts(delta) / folder.name).exists()
    ]
    if delta == "noop":
        return 0
    with duckdb.connect() as con:
        return sum(
            con.execute(f"select count(*) from read_parquet('{table}/*.parquet')").fetchone()[0] for table in tables
        )


def fresh(folder: Path) -> tuple[Path, Path]:
    shutil.rmtree(folder, ignore_errors=True)
    inbox, warehouse = folder / "inbox", folder / "warehouse"
    inbox.mkdir(parents=True)
    warehouse.mkdir()
    return inbox, warehouse


def part(of: dict, name: str) -> float:
    return of["parts"].get(name, {}).get("cpu", 0.0)


def split(cost: dict, empty: dict) -> dict[str, float]:
    """CPU seconds of the SQL work, of dbt's fixed part, of publishing, and the rest (loading, the report)."""
    start, working, fixed, publish = (
        part(cost, "dbt_start"), part(cost, "dbt_build"), part(empty, "dbt_build"), part(cost, "publish"),
    )  # fmt: skip
    return {
        "sql": working - fixed,
        "dbt_fixed": start + fixed,
        "publish": publish,
        "rest": cost["cpu"] - start - working - publish,
    }


def noticing(costs: dict[str, dict], with_loader: bool = False) -> float:
    """CPU seconds for each raw row read for nothing: what the base models (and the loader, which hashes files and
    counts rows) take more when every file is written anew than when none is."""
    again, noop = costs["again"], costs["noop"]

    def work(of: dict) -> float:
        models = sum(seconds for name, seconds in of["parts"]["nodes"].items() if name.startswith("base_"))
        return models + part(of, "load") if with_loader else models

    return (work(again) - work(noop)) / again["parts"]["raw_rows"]
