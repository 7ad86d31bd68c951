"""kill -9 of a whole refresh, at moments spread over it; then a plain one.

A round is a new state of a random history (histories.py), some kills at it, and one refresh that nobody disturbs.
What is published is looked at after every kill: the same as before it, or, where the kill came after the switch,
the whole of what the undisturbed refresh publishes a little later. After that one all tables of the build are those
of a first build, and the snapshots still say what each refresh had published. KILL_SEED, KILLS (for each engine).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import replay
from conftest import PROJECT, clean_environment, connect, rows, server_rows
from engines import STAMPS
from histories import History, State

from scripts.warehouse import carried_tables, published_spec

SEED = os.environ.get("KILL_SEED", "20261122")
KILLS = int(os.environ.get("KILLS", "4"))
# Stand in a refreshed build only, or say when it was published.
NOT_OF_A_REBUILD = {
    *carried_tables(),
    *replay.OF_CONSEQUENCES,
    *(f"int_{e}_segments_published" for e in ("store", "rep", "product_group")),
}
SNAPSHOTS = {"store": "snap_store_segments", "rep": "snap_rep_segments", "product_group": "snap_product_group_segments"}
# What a refresh says when it comes to publishing.
BUILT = "built and tested"


@dataclass(frozen=True)
class Moment:
    """Where a refresh is killed: in a phase, at a share of it, and so many seconds after that."""

    phase: str  # starting, building, publishing
    share: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.phase} {self.share:.0%} + {self.seconds * 1000:.0f} ms"


def moments(count: int, seed: str) -> list[Moment]:
    """Spread evenly with a jitter: most over dbt's nodes, one in ten before, two while publishing,
    which is short. In random order."""
    rng = random.Random(seed)
    phases = {"starting": count // 10 or 1, "publishing": count // 5 or 1}
    phases["building"] = count - sum(phases.values())
    found = [
        Moment(phase, (n + rng.random()) / number, rng.choice([0, 0.01, 0.05, 0.15]) if phase == "building" else 0)
        for phase, number in phases.items()
        for n in range(number)
    ]
    rng.shuffle(found)
    return found


@dataclass
class Victim:
    """A warehouse whose refreshes are killed."""

    folder: Path
    server: dict[str, str] | None
    seconds: dict[str, float] = field(default_factory=dict)  # of each phase, undisturbed

    @property
    def engine(self) -> str:
        return "postgres" if self.server else "duckdb"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    def start(self, state: State) -> Refresh:
        settings = dict(
            WAREHOUSE_DIR=self.warehouse,
            DATA_DIR=state.write_tables(self.folder / "data"),
            POLICY_DIR=state.write_policy(self.folder / "policy"),
            AS_OF_DATE=state.as_of,
            VARS=json.dumps(state.variables),
            TARGET=self.engine,
            COLUMNS=200,
        )
        log = self.warehouse / "logs" / "dbt.log"
        read = log.stat().st_size if log.exists() else 0
        output = self.folder / "output.txt"
        with open(output, "w") as handle:
            process = subprocess.Popen(
                [sys.executable, "-m", "scripts.refresh"],
                cwd=PROJECT,
                env=clean_environment(**settings | (self.server or {})),
                stdout=handle,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a process group of its own, which is killed as a whole
            )
        return Refresh(process, output, log, read)

    def undisturbed(self, state: State) -> None:
        """A refresh to its end, and how long its phases took."""
        refresh, reached = self.start(state), {"starting": time.monotonic()}
        while refresh.process.poll() is None:
            said, done = refresh.said(), refresh.done()
            if done:
                reached.setdefault("building", time.monotonic())
            if BUILT in said:
                reached.setdefault("publishing", time.monotonic())
            time.sleep(0.01)
        assert refresh.process.returncode == 0, refresh.said()
        ends = [*list(reached.values())[1:], time.monotonic()]
        self.seconds = {phase: end - start for (phase, start), end in zip(reached.items(), ends)}

    def kill(self, state: State, moment: Moment) -> str:
        """A refresh killed at its moment; where that was. One that was faster has ended: that is no kill."""
        refresh, started = self.start(state), time.monotonic()
        wait = moment.share * self.seconds[moment.phase]
        while refresh.process.poll() is None:
            said, done = refresh.said(), refresh.done()
            if moment.phase == "starting" and time.monotonic() - started >= wait:
                break
            if moment.phase == "building" and done and done[-1][0] >= moment.share * done[-1][1]:
                time.sleep(moment.seconds)
                break
            if moment.phase == "publishing" and BUILT in said:
                time.sleep(wait)
                break
            time.sleep(0.005)
        was_killed = refresh.process.poll() is None
        if was_killed:
            os.killpg(refresh.process.pid, signal.SIGKILL)
        code = refresh.process.wait()
        assert code in (0, -signal.SIGKILL), refresh.said()
        self.wait_until_free()
        at = refresh.done()
        where = f"{moment}, at node {at[-1][0]} of {at[-1][1]}" if at else str(moment)
        return f"{where}: {'killed' if code else 'ended before it was killed'}"

    def wait_until_free(self) -> None:
        """A server goes on with the statement of a client that is gone, and a commit may still come."""
        end = time.monotonic() + 60
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        while self.server and server_rows(self.server, others) != [(0,)]:
            assert time.monotonic() < end, "a session of a killed refresh does not end"
            time.sleep(0.05)

    # --- what is published -----------------------------------------------------------------------

    def query(self, sql: str) -> list[tuple]:
        """Rows of what is published."""
        if self.server:
            with closing(connect(self.server)) as connection, connection.cursor() as cursor:
                cursor.execute("set search_path to segmentation")
                cursor.execute(sql)
                return cursor.fetchall()
        return rows(self.warehouse / "segmentation.duckdb", sql)

    def fingerprint(self) -> dict[str, tuple] | str:
        """Everything that is published: the file to the byte; on a server the rows of every table."""
        if self.server:
            return self.content(set())
        return hashlib.sha256((self.warehouse / "segmentation.duckdb").read_bytes()).hexdigest()

    def content(self, without: set[str] = STAMPS) -> dict[str, tuple]:
        """Number and content of the rows of every published table, but for columns that name the run."""
        schema = "segmentation" if self.server else "main"
        columns: dict[str, list[str]] = {}
        for table, column in self.query(
            "select table_name::text, column_name::text from information_schema.columns"
            f" where table_schema = '{schema}' order by table_name, ordinal_position"
        ):
            columns.setdefault(table, []).extend([column] if column not in without else [])
        assert set(columns) == set(published_spec()["tables"]), "what is published is not whole"
        found = {}
        for table, names in columns.items():
            given = f"(select {', '.join(names)} from {table}) as given"
            content = "hashtextextended(given::text, 0)::numeric" if self.server else "hash(given)::hugeint"
            found[table] = self.query(f"select count(*), sum({content}) from {given}")[0]
        return found

    def runs(self) -> list[tuple]:
        return self.query("select published_at, run_id from fct_runs order by published_at")

    def segments(self, moment=None) -> dict[str, list[tuple]]:
        """Current segments; those that the snapshots say were published at a moment."""
        valid = f"dbt_valid_from <= '{moment}' and (dbt_valid_to is null or dbt_valid_to > '{moment}')"
        return {
            entity: sorted(
                self.query(
                    f"select {entity}_id, scheme, segment, is_active from"
                    f" {f'{snapshot} where {valid}' if moment else f'fct_{entity}_segments_current'}"
                )
            )
            for entity, snapshot in SNAPSHOTS.items()
        }

    def differences(self, rebuilt: Path) -> list[replay.Difference]:
        if self.server:
            return replay.compare_with_server(rebuilt, self.server, NOT_OF_A_REBUILD)[0]
        return replay.compare(self.warehouse / "build.duckdb", rebuilt, NOT_OF_A_REBUILD)[0]


@dataclass
class Refresh:
    process: subprocess.Popen
    output: Path
    log: Path
    read: int  # how much of dbt's log was read
    nodes: list[tuple[int, int]] = field(default_factory=list)

    def said(self) -> str:
        return self.output.read_text()

    def done(self) -> list[tuple[int, int]]:
        """Numbers of the nodes that dbt has begun or ended, each with the number of all."""
        if self.log.exists():
            with open(self.log, "rb") as handle:
                handle.seek(self.read)
                text = handle.read()
            text = text[: text.rfind(b"\n") + 1]
            self.read += len(text)
            self.nodes += [(int(at), int(of)) for at, of in re.findall(rb"\]: (\d+) of (\d+) ", text)]
        return self.nodes


@dataclass
class Outcome:
    engine: str
    kills: int = 0
    too_late: int = 0
    published_by_killed: int = 0
    refreshes: int = 0
    told: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.engine}: {self.kills} kills ({self.published_by_killed} after the switch; {self.too_late} more"
            f" came too late), {self.refreshes} refreshes compared with a rebuild, {len(self.faults)} faults"
        )


def rounds(kills: int) -> int:
    return max(1, kills // 10)


class References:
    """The states of the rounds, and a rebuild of each but the first."""

    def __init__(self, folder: Path, kills: int = KILLS):
        self.history = History(f"{SEED} killed", "month", 2, rounds(kills) + 1)
        for before, state in zip(self.history.states, self.history.states[1:]):
            state.as_of = max(before.as_of, state.as_of)  # every refresh takes its snapshots
        self.replay = replay.Replay(folder, self.history)
        self.rebuilt = {number: self.replay.rebuilt(number) for number in range(1, len(self.history.states))}


def kill_and_repeat(victim: Victim, references: References, kills: int = KILLS) -> Outcome:
    outcome, states = Outcome(victim.engine), references.history.states
    victim.undisturbed(states[0])
    published = {victim.runs()[-1][0]: victim.segments()}
    planned = moments(kills, f"{SEED} {victim.engine}")
    share = -(-len(planned) // rounds(kills))
    for number in range(1, len(states)):
        before, runs, later = victim.fingerprint(), victim.runs(), []
        waiting = planned[(number - 1) * share : number * share]
        while waiting:
            moment = waiting.pop(0)
            told = victim.kill(states[number], moment)
            outcome.kills += told.endswith(": killed")
            if not told.endswith(": killed"):
                # this refresh was faster than the undisturbed one: again, a little earlier
                outcome.too_late += 1
                waiting.append(replace(moment, share=moment.share / 2))
            now = victim.fingerprint()
            if now != before:
                # The switch was made: as many runs as published, and below the content of the next refresh.
                later.append(victim.content())
                before, runs = now, victim.runs()
                published[runs[-1][0]] = victim.segments()
                outcome.published_by_killed += told.endswith(": killed")
                told += ", and had published"
            elif not told.endswith(": killed"):
                outcome.faults.append(f"{told}: it ended, and published nothing")
            outcome.told.append(f"{victim.engine}, round {number}: {told}")
        victim.undisturbed(states[number])
        outcome.refreshes += 1
        content = victim.content()
        for one in later:
            wrong = [table for table in content if table != "fct_runs" and one[table] != content[table]]
            if wrong:
                outcome.faults.append(f"round {number}: a killed refresh published other rows of {', '.join(wrong)}")
        if len(victim.runs()) != len(runs) + 1:
            outcome.faults.append(f"round {number}: {len(victim.runs())} runs on record, {len(runs) + 1} published")
        published[victim.runs()[-1][0]] = victim.segments()
        for moment, segments in published.items():
            if victim.segments(moment) != segments:
                outcome.faults.append(f"round {number}: the snapshots do not say what was published at {moment}")
        outcome.faults += [
            f"round {number}, not as rebuilt: {difference}"
            for difference in victim.differences(references.rebuilt[number])[: replay.SHOWN_TABLES]
        ]
    return outcome


def outcomes(folder: Path, servers: dict[str, dict | None], kills: int = KILLS) -> dict[str, Outcome]:
    """Both engines at once: what is killed are other processes."""
    references = References(folder / "references", kills)
    try:
        with ThreadPoolExecutor(len(servers)) as pool:
            running = {}
            for engine, server in servers.items():
                (folder / engine).mkdir(parents=True)
                running[engine] = pool.submit(kill_and_repeat, Victim(folder / engine, server), references, kills)
            return {engine: job.result() for engine, job in running.items()}
    finally:
        references.replay.close()
