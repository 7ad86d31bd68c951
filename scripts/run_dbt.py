"""Reads a project with dbt and runs a command on it in this process, and tells its caller how far it is.

    python -m scripts.run_dbt '{"parse": ["parse"], "command": ["build"]}'

A process of its own, because dbt keeps the warehouse open until its process ends; one for both
commands, because starting dbt and reading the project cost more than a small build. Progress goes
to stdout as one JSON object a line. When the project is read it says so and waits for a line: the
caller then knows the names of all tables.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path


def tell(**message) -> None:
    try:
        print(json.dumps(message), file=CHANNEL, flush=True)
    except BrokenPipeError:
        os._exit(1)  # the refresh was killed: nobody will publish this


def on_event(event) -> None:
    name = event.info.name
    if name == "LogStartLine":
        tell(at=event.data.index, of=event.data.total)
    elif event.info.level == "warn":
        tell(warning=event.info.msg, name=name)


def run(parse: list[str], command: list[str]) -> bool:
    """Read the project, let the caller look at it, then run the command on what was read."""
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner(callbacks=[on_event]).invoke(parse)
    if not outcome.success:
        tell(failed="parse", exception=str(outcome.exception) if outcome.exception else None)
        return False
    tell(parsed=True)
    if not sys.stdin.readline():
        return False  # the caller found something that stops the build, or is gone
    results = Path(os.environ["DBT_TARGET_PATH"]) / "run_results.json"
    results.unlink(missing_ok=True)
    # The manifest is written by now: --no-write-json spares dbt to write it again, with the graph of all nodes.
    outcome = dbtRunner(manifest=outcome.result, callbacks=[on_event]).invoke([*command, "--no-write-json"])
    if outcome.result is not None:
        # beside, and then in its place: who reads it finds all of it or nothing
        beside = results.with_suffix(".part")
        outcome.result.write(str(beside))
        beside.replace(results)
    if not outcome.success:
        tell(failed="command", exception=str(outcome.exception) if outcome.exception else None)
    return outcome.success


if __name__ == "__main__":
    # Whatever a library prints must not mix with the messages.
    CHANNEL = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # What dbt leaves behind a node is memory of this process alone, which ends soon: some 0.5 MB a node. Looking for
    # it among all that dbt knows of the project took a seventh of the CPU of a small build.
    gc.disable()
    sys.exit(0 if run(**json.loads(sys.argv[1])) else 1)
