"""make soak: the replay and the kill tests at length; the last lines count what was done.

REPLAY_SCHEDULES (104), REPLAY_SETS (40 a history, which 4 schedules share), KILLS (100 for each engine),
DELIVERY_KILLS (200), SOAK=replay, SOAK=kills or SOAK=deliver for one of the three. Ends with code 1 where
something differs.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

# Before the modules that read them; the processes of the pool inherit them.
for name, value in {"REPLAY_SCHEDULES": "104", "REPLAY_SETS": "40", "KILLS": "100", "DELIVERY_KILLS": "200"}.items():
    os.environ.setdefault(name, value)

import delivery_kills  # noqa: E402
import kills  # noqa: E402
import postgres_server  # noqa: E402
import replay  # noqa: E402
from conftest import Server  # noqa: E402


def soak_replay(folder: Path, server: Server | None) -> tuple[str, bool]:
    outcomes, builds, started, failed = [], 0, time.monotonic(), 0
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = {}
        for number in replay.histories():
            database = server.database() if server and number in replay.histories_on_server() else None
            jobs[pool.submit(replay.replay_history, number, folder / str(number), database)] = number
        for job in as_completed(jobs):
            try:
                found, made = job.result()
            except Exception as error:
                failed += 1
                print(f"history {jobs[job]} could not be built: {error}", flush=True)
                continue
            outcomes, builds = outcomes + found, builds + made
            for outcome in found:
                print(f"{outcome.schedule.name}: {outcome.builds} builds, {outcome.rows} rows compared", flush=True)
                if outcome.report:
                    print(outcome.report, flush=True)
    sets = len(replay.histories()) * replay.SETS
    last = f"replay, seed {replay.SEED}: {replay.counted(outcomes, sets)}, {failed} histories not built;"
    last += f" {builds} builds in all, {(time.monotonic() - started) / 60:.0f} minutes"
    return last, not failed and not any(outcome.differences for outcome in outcomes)


def soak_kills(folder: Path, server: Server | None) -> tuple[str, bool]:
    servers = {"duckdb": None} | ({"postgres": server.database()} if server else {})
    outcomes = kills.outcomes(folder, servers).values()
    for outcome in outcomes:
        print("\n".join([*outcome.told, *outcome.faults]), flush=True)
    lines = "\n".join(f"kills, seed {kills.SEED}, {outcome}" for outcome in outcomes)
    return lines, not any(outcome.faults for outcome in outcomes)


def soak_deliver(folder: Path, server: Server | None) -> tuple[str, bool]:
    outcome = delivery_kills.outcome(folder, int(os.environ["DELIVERY_KILLS"]))
    print("\n".join(outcome.faults), flush=True)
    return f"deliveries, seed {delivery_kills.SEED}: {outcome}", not outcome.faults


def main() -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        try:
            server = Server(stack.enter_context(postgres_server.server()))
        except postgres_server.NoServer as error:
            server = None
            print(f"Without PostgreSQL: {error}", flush=True)
        wanted = os.environ.get("SOAK", "")
        parts = {"replay": soak_replay, "kills": soak_kills, "deliver": soak_deliver}
        done = [part(folder / name, server) for name, part in parts.items() if wanted in ("", name)]
    print("\n".join(line for line, _ in done))
    return 0 if done and all(is_right for _, is_right in done) else 1


if __name__ == "__main__":
    sys.exit(main())
