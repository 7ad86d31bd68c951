"""Replays random histories: builds state after state in one warehouse, each compared with a rebuild.

A schedule is a walk over the states of a history: on, the same again, some skipped, back and forth, sometimes after
a build that stopped half way. After every build of it all tables of the build, staging to marts, must be those that
a first build in an empty warehouse gives. The rebuild of a state is made once and serves every schedule that comes
by; a schedule begins with a copy of one, since its first build is a first build too. A schedule on PostgreSQL is
compared with the same rebuild, on DuckDB: the two engines give the same rows (test_postgres.py).

REPLAY_SEED sets which histories, REPLAY_SCHEDULES how many schedules; REPLAY_ONLY=s3,s5 keeps some sets alone.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from conftest import PROJECT, connect, dbt
from engines import differing_rows
from histories import History, State, empty

from scripts.load_sources import contract
from scripts.policy_files import compose, composed_folder, seeds_setting

SEED = os.environ.get("REPLAY_SEED", "20261122")
SCHEDULES = int(os.environ.get("REPLAY_SCHEDULES", "4"))
SETS = int(os.environ.get("REPLAY_SETS", "8"))
ONLY = set(filter(None, os.environ.get("REPLAY_ONLY", "").split(",")))
# Two histories at least: one by the month, one by the week.
SCHEDULES_A_HISTORY, STATES = min(4, max(1, SCHEDULES // 2)), 3
LENGTHS = (4, 5, 4, 4, 8, 4, 4, 4)
SCHEMAS = [f"segmentation_build{layer}" for layer in ("_policy", "_staging", "_intermediate", "")]
# Tables that a rebuild need not have alike, with the reason. None today; a record of what was recomputed would be one.
NOT_COMPARED: dict[str, str] = {}
BUILD = ["build", "--no-write-json", "--resource-type", "seed", "--resource-type", "model"]
# Promises and alerts are kept as published, so a rebuild has others; what else stands there is made anew as a whole
# every time, of tables that are compared.
CONSEQUENCES = ["--exclude", "path:models/marts/activation", "path:models/intermediate/activation"]
OF_CONSEQUENCES = {file.stem for file in PROJECT.glob("models/*/activation/*.sql")}
SHOWN_TABLES, SHOWN_ROWS = 12, 4


# --- comparing two builds ------------------------------------------------------------------------------


@dataclass
class Difference:
    table: str
    rows: int  # that only one of the two builds has
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.table}: {self.rows} rows", *(f"    {line}" for line in self.examples)])


def compare(built: Path, rebuilt: Path, without: Collection[str] = ()) -> tuple[list[Difference], int]:
    """What differs between two build databases, upstream first, and how many rows were compared."""
    found, compared = [], 0
    with duckdb.connect() as con:
        con.execute(f"attach '{built}' as built (read_only); attach '{rebuilt}' as rebuilt (read_only)")
        for schema in SCHEMAS:
            ours, theirs = relations(con, "built", schema), relations(con, "rebuilt", schema)
            for name in sorted(ours.keys() | theirs.keys()):
                if name in NOT_COMPARED or name in without:
                    continue
                table = f"{schema}.{name}"
                if ours.get(name) != theirs.get(name):
                    told = f"built as {ours.get(name, 'nothing')}, rebuilt as {theirs.get(name, 'nothing')}"
                    found.append(Difference(table, 0, [told]))
                    continue
                (rows, content), wanted = digest(con, "built", table), digest(con, "rebuilt", table)
                compared += rows
                if (rows, content) != wanted:
                    found.append(examine(con, table))
    return found, compared


def relations(con, database: str, schema: str) -> dict[str, tuple]:
    """Tables with their columns; views with their SQL, since they have no rows of their own that could be old."""
    tables: dict[str, tuple] = {}
    for name, column, kind in con.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = ? order by table_name, column_index",
        [database, schema],
    ).fetchall():
        tables[name] = (*tables.get(name, ()), f"{column} {kind}")
    for name, sql in con.execute(
        "select view_name, sql from duckdb_views() where database_name = ? and schema_name = ?", [database, schema]
    ).fetchall():
        tables[name] = ("view", sql)
    return tables


def digest(con, database: str, table: str) -> tuple:
    is_view = con.execute(
        "select 1 from duckdb_views() where database_name = ? and schema_name || '.' || view_name = ?",
        [database, table],
    ).fetchone()
    if is_view:
        return 0, None
    sql = f"select count(*), sum(hash(given)::hugeint) from {database}.{table} as given"
    return con.execute(sql).fetchone()


def examine(con, table: str) -> Difference:
    """The rows that only one side has; those that may be the same row in two states are told as one."""

    def alone(one: str, other: str) -> list[dict]:
        result = con.execute(f"select * from {one}.{table} except all select * from {other}.{table}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row)) for row in result.fetchall()]

    return Difference(table, *told(alone("built", "rebuilt"), alone("rebuilt", "built")))


def told(stale: list[dict], right: list[dict]) -> tuple[int, list[str]]:
    count, lines = len(stale) + len(right), []
    right = sorted(right, key=str)
    for row in sorted(stale, key=str)[:SHOWN_ROWS]:
        twin = max(right, key=lambda other: likeness(row, other), default=None)
        if twin is None or any(row[c] != twin[c] for c in identity(row)):
            lines.append(f"only built: {told_row(row)}")
            continue
        right.remove(twin)
        changed = ", ".join(f"{c} {row[c]} (rebuilt: {twin[c]})" for c in row if row[c] != twin[c])
        lines.append(f"{told_row({c: row[c] for c in identity(row)})}: {changed}")
    lines += [f"only rebuilt: {told_row(row)}" for row in right[: max(0, SHOWN_ROWS - len(lines))]]
    return count, lines


def identity(row: dict) -> list[str]:
    """Columns that say which row it is, as far as names tell; the first one where they do not."""
    words = ("_id", "scheme", "segment", "rule_group", "metric", "operator", "period_index", "attribute", "line_number")
    names = [c for c in row if c.endswith("_id") or c in words]
    return names[:7] or list(row)[:1]


def likeness(row: dict, other: dict) -> tuple:
    return sum(row[c] == other[c] for c in identity(row)), sum(row[c] == other[c] for c in row)


def told_row(row: dict) -> str:
    return " ".join(f"{c}={value}" for c, value in row.items() if value is not None)


# --- building ------------------------------------------------------------------------------------------


class Replay:
    """One history in a folder of its own, its rebuilds, and the schedules that walk over it."""

    def __init__(self, folder: Path, history: History, server: Callable[[], dict[str, str]] | None = None):
        self.folder, self.history, self.server = folder, history, server
        self.rebuilds: dict[int, Path] = {}
        self.builds = 0
        # Read where it is parsed, so that the files may change from build to build.
        self.policy = composed_folder(folder)

    def close(self) -> None:
        shutil.rmtree(self.policy, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, state: State, server: dict[str, str] | None = None) -> dict:
        compose(state.write_policy(self.folder / "policy"), self.policy)
        settings = dict(
            variables=state.variables
            | {"missing_inputs": sorted(contract().keys() - state.tables), "missing_columns": {}},
            as_of_date=str(state.as_of),
            POLICY_SEEDS=seeds_setting(self.policy),
            # Stands in the views of what is published: not the clock's.
            PUBLISHED_AT=f"{state.as_of} 12:00:00",
            DBT_LOG_LEVEL="none",
            DBT_TARGET_PATH=self.folder / ("target_server" if server else "target"),
        )
        return settings | ({"server": server, "variables": settings["variables"] | RAW_ON_SERVER} if server else {})

    def build(
        self, warehouse: Path, state: State, *more: str, check: bool = True, server: dict[str, str] | None = None
    ) -> None:
        """A build of a state in a warehouse, whose data folder is overwritten as a company's would be."""
        self.builds += 1
        settings = self.settings(state, server)
        command = [*BUILD, *CONSEQUENCES, *more]
        dbt(command, warehouse, data_dir=state.write_tables(warehouse / "data"), check=check, **settings)

    def unchanged(self, before: State | None, state: State) -> list[str]:
        """Arguments that spare a build what cannot have become old: the judging of a policy that is what it was.
        Remarks are made anew: they ask which names the data bring."""
        if before is None or before.policy != state.policy:
            return []
        return ["--exclude", "policy_problems_*", "policy_gate"]

    def rebuilt(self, number: int) -> Path:
        """The build database of a first build of a state."""
        if number not in self.rebuilds:
            warehouse = empty(self.folder / f"rebuilt_{number}")
            self.build(warehouse, self.history.states[number])
            with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as con:
                problems = con.execute("select * from segmentation_build_policy.policy_gate").fetchall()
            assert not problems, f"the history's policy has problems: {problems}"
            self.rebuilds[number] = warehouse / "build.duckdb"
        return self.rebuilds[number]

    # --- schedules -----------------------------------------------------------------------------------

    def run(self, schedule: Schedule, spoil: Callable[[int], list[str]] = lambda step: []) -> Outcome:
        """Build after build; stops at the first that is not as rebuilt. `spoil`: arguments that make a build wrong."""
        outcome, warehouse = Outcome(schedule), self.folder / "walked"
        empty(warehouse)
        server = self.server() if schedule.is_on_server else None
        before = None
        for number, step in enumerate(schedule.steps):
            state = self.history.states[step.state]
            if number == 0 and not server:
                # The files as that build saw them, and what it made of them.
                shutil.copytree(self.rebuilt(step.state).parent, warehouse, dirs_exist_ok=True)
                repoint(warehouse / "build.duckdb", self.rebuilt(step.state).parent, warehouse)
            else:
                if step.broken_at:
                    self.build(warehouse, state, "--exclude", *(f"{name}+" for name in step.broken_at), server=server)
                self.build(warehouse, state, *(spoil(number) or self.unchanged(before, state)), server=server)
            before = state
            rebuilt = self.rebuilt(step.state)
            if server:
                differences, rows = compare_with_server(rebuilt, server)
            else:
                differences, rows = compare(warehouse / "build.duckdb", rebuilt)
            outcome.builds, outcome.rows = number + 1, outcome.rows + rows
            if differences:
                outcome.differences = differences
                outcome.report = self.report(schedule, number, differences)
                break
        return outcome

    def report(self, schedule: Schedule, last: int, differences: list[Difference]) -> str:
        """What a person needs to find the fault: the steps, the tables, some rows, and what was done to their sets."""
        lines = [f"{schedule.name} differs from its rebuild after step {last}."]
        for number, step in enumerate(schedule.steps[: last + 1]):
            lines.append(f"  step {number}: {step.told(self.history.states)}")
        lines += [f"  {difference}".replace("\n", "\n  ") for difference in differences[:SHOWN_TABLES]]
        if len(differences) > SHOWN_TABLES:
            lines.append(f"  ... and {', '.join(d.table for d in differences[SHOWN_TABLES:])}")
        text = " ".join(line for d in differences for line in d.examples)
        names = {line.split(":")[0] for state in self.history.states for line in state.operations}
        touched = sorted(name for name in names if f"{name}-" in text)
        before, after = (schedule.steps[n].state if n >= 0 else -1 for n in (last - 1, last))
        # From one state back to an earlier one, everything in between was undone.
        between = range(min(before, after) + 1, max(before, after) + 1) or [after]
        lines.append(f"  Done {'or undone ' if before > after else ''}in this step to the company and these sets:")
        for number in between:
            for operation in self.history.states[number].operations:
                if operation.split(":")[0] in {*(touched or names), "policy"} or operation.startswith("var "):
                    lines.append(f"    state {number}, {operation}")
        only = f" REPLAY_ONLY={','.join(touched)}" if touched else ""
        lines.append(f"  Again: REPLAY_SEED={SEED} REPLAY_SETS={SETS}{only} make test TESTS='{schedule.test}'")
        return "\n".join(lines)


RAW_ON_SERVER = {"raw_schema": "segmentation_build_raw"}


def repoint(file: Path, old: Path, new: Path) -> None:
    """The views on a copied warehouse's raw files, onto the copies."""
    with duckdb.connect(str(file)) as con:
        for schema, sql in con.execute(
            "select schema_name, sql from duckdb_views() where not internal and contains(sql, ?)", [str(old)]
        ).fetchall():
            con.execute(f"use {schema}")
            con.execute(sql.replace(str(old), str(new)).replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))


def compare_with_server(
    rebuilt: Path, server: dict[str, str], without: Collection[str] = ()
) -> tuple[list[Difference], int]:
    found = []
    for schema in SCHEMAS:
        rows = differing_rows(rebuilt, schema, server, schema, without={*NOT_COMPARED, *without})
        found += [Difference(f"{schema}.{table}", n) for table, n in rows.items() if n]
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(n_live_tup), 0) from pg_stat_user_tables where schemaname = any(%s)", [SCHEMAS]
        )
        return found, int(cursor.fetchone()[0])


# --- schedules -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    state: int
    broken_at: tuple[str, ...] = ()  # models at which a build of this state stopped before the one that counts

    def told(self, states: list[State]) -> str:
        state = states[self.state]
        broken = f", after a build that stopped at {', '.join(self.broken_at)}" if self.broken_at else ""
        return f"state {self.state} as of {state.as_of}{broken}"


@dataclass(frozen=True)
class Schedule:
    name: str
    test: str
    steps: tuple[Step, ...]
    is_on_server: bool = False


@dataclass
class Outcome:
    schedule: Schedule
    builds: int = 0
    rows: int = 0
    differences: list[Difference] = field(default_factory=list)
    report: str = ""


# Where a build may stop: on the way from lines to history, of every entity.
BREAKS = (
    "int_documents int_document_lines int_store_sales int_store_periods int_store_product_sales policy_segment_rules"
    " fct_store_metrics int_store_conditions fct_store_segment_evidence fct_store_segment_history fct_rep_metrics"
    " fct_rep_segment_evidence fct_product_group_metrics fct_product_group_segment_history int_override_periods"
).split()


def walk(rng: random.Random, states: int, length: int) -> tuple[Step, ...]:
    """Mostly on; also the same again, some skipped, back to an earlier state of everything."""
    here = rng.randint(0, 1)
    steps = [Step(here)]
    while len(steps) < length:
        here = min(max(here + rng.choice([1, 1, 1, 1, 1, 2, 2, 0, -1, -2]), 0), states - 1)
        broken = tuple(rng.sample(BREAKS, rng.randint(1, 2))) if rng.random() < 0.15 else ()
        steps.append(Step(here, broken))
    return tuple(steps)


def schedules_of(history: int, count: int, on_server: int) -> list[Schedule]:
    rng = random.Random(f"{SEED} {history} schedules")
    first = history * SCHEDULES_A_HISTORY
    lengths = [LENGTHS[n % len(LENGTHS)] for n in range(first, first + count)]
    test = f"tests/python/test_replay.py::test_every_build_equals_a_rebuild[history{history}]"
    made = [Schedule(f"history {history}, schedule {n}", test, walk(rng, STATES, k)) for n, k in enumerate(lengths)]
    for n in range(on_server):
        made.append(Schedule(f"history {history}, PostgreSQL schedule {n}", test, walk(rng, STATES, 4), True))
    return made


def grain_of(history: int) -> str:
    """By the week for every second history."""
    return "week" if history % 2 else "month"


def histories() -> range:
    return range(-(-SCHEDULES // SCHEDULES_A_HISTORY))


def histories_on_server() -> set[int]:
    """One of them has one more schedule, on PostgreSQL."""
    return set(histories()[:1])


def replay_history(number: int, folder: Path, server: dict[str, str] | None = None) -> tuple[list[Outcome], int]:
    """All schedules of one history, in a process that does nothing else; and how many builds that took."""
    history = History(f"{SEED} {number}", grain_of(number), SETS, STATES, ONLY)
    count = min(SCHEDULES_A_HISTORY, SCHEDULES - number * SCHEDULES_A_HISTORY)
    replay = Replay(folder, history, (lambda: server) if server else None)
    try:
        outcomes = [replay.run(s) for s in schedules_of(number, count, 1 if server else 0)]
        return outcomes, replay.builds
    finally:
        replay.close()


def counted(outcomes: list[Outcome], sets: int) -> str:
    sums = Counter(builds=sum(o.builds for o in outcomes), rows=sum(o.rows for o in outcomes))
    return (
        f"{sets} sets, {len(outcomes)} schedules, {sums['builds']} builds, {sums['rows']} rows compared,"
        f" {sum(bool(o.differences) for o in outcomes)} schedules with differences"
    )
