"""Runs dbt commands one after the other in this process, and tells its caller how far it is.

    python -m scripts.run_dbt '{"parse": ["parse"], "commands": [["build"], ...]}'

A process of its own, because dbt keeps the warehouse open until its process ends; one for all
commands, because starting dbt and reading the project cost more than a small build. Progress goes
to stdout as one JSON object a line; the first command that fails is the last. When the project is
read it says so and waits for a line: the caller then knows the names of all tables.
"""

from __future__ import annotations

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


def run(commands: list[list[str]], parse: list[str]) -> bool:
    """Read the project once, let the caller look at it, then run the commands on what was read."""
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner(callbacks=[on_event]).invoke(parse)
    if not outcome.success:
        tell(failed=-1, exception=str(outcome.exception) if outcome.exception else None)
        return False
    tell(parsed=True)
    if not sys.stdin.readline():
        return False  # the caller found something that stops the build, or is gone
    runner = dbtRunner(manifest=outcome.result, callbacks=[on_event])
    results = Path(os.environ["DBT_TARGET_PATH"]) / "run_results.json"
    for number, command in enumerate(commands):
        tell(command=number)
        results.unlink(missing_ok=True)
        outcome = runner.invoke(command)
        if not outcome.success:
            tell(failed=number, exception=str(outcome.exception) if outcome.exception else None)
            return False
    return True


if __name__ == "__main__":
    # Whatever a library prints must not mix with the messages.
    CHANNEL = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.exit(0 if run(**json.loads(sys.argv[1])) else 1)
