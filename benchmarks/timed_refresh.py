"""`python -m scripts.refresh`, with a note of the CPU and wall seconds of each of its parts.

    python -m benchmarks.timed_refresh PARTS.json

Takes its settings from the environment, as the refresh does. The parts: `load` (checking the inputs),
`dbt_start` (importing dbt and reading the project), `dbt_build`, `dbt_snapshot`, `publish` and `report`.
The refresh itself stays as it is: its functions are wrapped, and dbt is read from /proc between its messages.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts import publish, refresh, summary

PARTS: dict[str, dict[str, float]] = {}
COMMANDS = ("dbt_build", "dbt_snapshot")
TICKS = os.sysconf("SC_CLK_TCK")


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
    """What dbt has used when it tells that it goes on to the next thing."""
    seen = [("dbt_start", 0.0, time.monotonic())]

    def messages(stdout) -> Iterator[str]:
        for line in stdout:
            message = json.loads(line)
            if "command" in message:
                seen.append((COMMANDS[message["command"]], cpu_of(process.pid), time.monotonic()))
            if "of" in message:
                PARTS.setdefault("nodes", {})[seen[-1][0]] = message["of"]
            yield line

    class Watched:
        def __getattr__(self, name: str):
            return messages(process.stdout) if name == "stdout" else getattr(process, name)

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = children.ru_utime + children.ru_stime
    failure = original(refreshing, Watched(), when_read)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen.append(("", children.ru_utime + children.ru_stime - before, time.monotonic()))
    for (part, used, at), (_, used_next, at_next) in zip(seen, seen[1:]):
        PARTS[part] = {"cpu": used_next - used, "wall": at_next - at}
    return failure


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
