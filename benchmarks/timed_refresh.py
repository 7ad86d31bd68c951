"""`python -m scripts.refresh`, with a note of the CPU and wall seconds of each of its parts.

    python -m benchmarks.timed_refresh PARTS.json

Takes its settings from the environment, as the refresh does. The parts: `load` (checking the inputs),
`dbt_start` (importing dbt and reading the project), `dbt_build`, `publish` and `report`; and `nodes`, the CPU
seconds of each model (and of all tests, of all snapshots and of all seeds). The refresh itself stays as it is: its functions are wrapped, and dbt's
process is looked at in /proc. Nodes that run at the same time share what was used meanwhile in equal parts.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts import publish, refresh, summary

PARTS: dict = {}
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.02


def cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(module: object, name: str, part: str) -> None:
    function: Callable = getattr(module, name)

    @functools.wraps(function)
    def wrapper(*args, **options):
        before, started = cpu(), time.monotonic()
        try:
            return function(*args, **options)
        finally:
            PARTS[part] = {"cpu": cpu() - before, "wall": time.monotonic() - started}

    setattr(module, name, wrapper)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def follow(refreshing, process, when_read, original=refresh.follow):
    """What dbt has used before it builds, and at every moment of the build."""
    started, read, used = time.monotonic(), [], []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            try:
                used.append((time.time(), cpu_of(process.pid)))
            except OSError:
                return  # it has ended

    def messages(stdout) -> Iterator[str]:
        for line in stdout:
            if "parsed" in json.loads(line):
                read.extend((cpu_of(process.pid), time.monotonic()))
            yield line

    class Watched:
        def __getattr__(self, name: str):
            return messages(process.stdout) if name == "stdout" else getattr(process, name)

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = children.ru_utime + children.ru_stime
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    failure = original(refreshing, Watched(), when_read)
    ended.set()
    watcher.join()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    if read:
        total = children.ru_utime + children.ru_stime - before
        PARTS["dbt_start"] = {"cpu": read[0], "wall": read[1] - started}
        PARTS["dbt_build"] = {"cpu": total - read[0], "wall": time.monotonic() - read[1]}
        results = refreshing.warehouse.target / "run_results.json"
        if results.exists():
            found = shares(used, json.loads(results.read_text())["results"])
            PARTS["nodes"], PARTS["node_count"] = by_kind(found), len(found)
    return failure


def shares(used: list[tuple[float, float]], results: list[dict]) -> dict[str, float]:
    """CPU seconds of each node: of every short time, an equal part of what was used, while it ran."""
    times = [at for at, _ in used]
    running: list[list[str]] = [[] for _ in used]
    for result in results:
        timing = [
            dt.datetime.fromisoformat(step[key].replace("Z", "+00:00")).timestamp()
            for step in result["timing"]
            for key in ("started_at", "completed_at")
            if step[key]
        ]
        if timing:
            first = bisect.bisect_left(times, min(timing))
            for at in range(first, max(bisect.bisect_left(times, max(timing)), first) + 1):
                if at < len(used):
                    running[at].append(result["unique_id"])
    found = {result["unique_id"]: 0.0 for result in results}
    for (_, before), (_, after), nodes in zip(used, used[1:], running[1:]):
        for node in nodes:
            found[node] += (after - before) / len(nodes)
    return found


def by_kind(nodes: dict[str, float]) -> dict[str, float]:
    """Models by name; tests together, and so snapshots and seeds."""
    found: dict[str, float] = {}
    for unique_id, seconds in nodes.items():
        kind, name = unique_id.split(".")[0], unique_id.split(".")[2]
        label = name if kind == "model" else {"test": "data tests", "snapshot": "snapshots"}.get(kind, kind)
        found[label] = found.get(label, 0.0) + seconds
    return {label: round(seconds, 2) for label, seconds in found.items()}


if __name__ == "__main__":
    timed(refresh, "load", "load")
    timed(publish, "publish", "publish")
    timed(summary, "summarize", "report")
    refresh.follow = follow
    parts = Path(sys.argv.pop(1))
    try:
        refresh.app()
    finally:
        parts.write_text(json.dumps(PARTS))
