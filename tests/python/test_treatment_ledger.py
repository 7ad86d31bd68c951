"""The ledger of treatments against a slow sequential reference, on random histories of promises.

The model's own SQL is compiled once; then every day of a history runs it on random entitlements and appends what it
gives. The reference keeps each promise as a list of intervals and knows no SQL.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import pandas
import pytest
from conftest import dbt

DAY, MOMENT = date(2099, 12, 31), "2099-12-31 23:59:59"  # in the compiled SQL, for the day of each step
SCHEMA = "segmentation_build"
MODELS = ("fct_treatment_ledger", "int_treatments_in_force")
LEDGER = """
    event_key text, entity_type text, entity_id text, scheme text, segment text, treatment text, value text, event text,
    event_number integer, unit_cost decimal(18, 6), notice_periods integer, decided_on date, effective_on date,
    published_at timestamp
"""
SCHEMES, SEGMENTS, TREATMENTS, VALUES = ("s1", "s2", "s3"), ("A", "B", "C"), ("t", "u"), ("1", "2")
ENTITIES, DAYS = 60, 40


@pytest.fixture(scope="module")
def sql(tmp_path_factory) -> dict[str, str]:
    """The compiled models: the ledger as of a second run, which reads what stands."""
    warehouse = tmp_path_factory.mktemp("ledger")
    with duckdb.connect(str(warehouse / "build.duckdb")) as con:
        con.execute(f"create schema {SCHEMA}; create table {SCHEMA}.fct_treatment_ledger ({LEDGER})")
    outcome = dbt(
        ["compile", "--select", *MODELS], warehouse, as_of_date=DAY.isoformat(), PUBLISHED_AT=MOMENT, PUBLISHES="yes"
    )
    compiled = {row.node.name: row.node.compiled_code.replace('"build".', "") for row in outcome.result.results}
    assert f'from "{SCHEMA}"."fct_treatment_ledger"' in compiled["fct_treatment_ledger"]
    return compiled


def month_after(day: date, months: int) -> date:
    index = 12 * day.year + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def next_cycle(day: date) -> date:
    first = date(1970, 1, 5)
    return first + timedelta(28 * ((day - first).days // 28 + 1))


@dataclass
class Reference:
    """What was promised, one day after the other."""

    standing: dict[tuple, dict] = field(default_factory=dict)  # promise -> its last event
    intervals: dict[tuple, list[list]] = field(default_factory=dict)  # promise -> [first day, first day without]
    schemes: set[tuple] = field(default_factory=set)
    last_day: date = date.min

    def step(self, day: date, entitled: dict[tuple, dict], active: set[tuple]) -> list[tuple]:
        if day < self.last_day:
            return []
        events, known = [], set(self.schemes)
        for promise, terms in entitled.items():
            last = self.standing.get(promise)
            if last and last["event"] == "granted":
                continue
            reached = day if promise[:1] + promise[2:3] in known else min(terms["since"], day)
            waits = {"at_once": day, "next_period": month_after(reached, 1), "next_cycle": next_cycle(reached)}
            start = max(day, waits[terms["effective_from"]])
            if last and last["effective"] > day:
                start = day
            events.append((promise, "granted", start, terms))
        begins: dict[tuple, date] = {}
        for promise, _, start, _ in events:
            what = (*promise[:3], promise[4])
            begins[what] = max(begins.get(what, start), start)
        for promise, last in self.standing.items():
            if promise in entitled:
                continue
            is_active = promise[:2] in active
            if last["event"] == "withdrawn":
                if not is_active and last["effective"] > day:
                    events.append((promise, "withdrawn", day, last))
                continue
            if last["effective"] > day or not is_active:
                end = day
            else:
                end = month_after(day, last["notice"]) if last["notice"] else day
                end = max(end, begins.get((*promise[:3], promise[4]), end))
            events.append((promise, "withdrawn", end, last))
        told = []
        for promise, event, effective, terms in events:
            number = self.standing.get(promise, {"number": 0})["number"] + 1
            self.standing[promise] = {
                "event": event,
                "effective": effective,
                "number": number,
                "notice": terms["notice"],
            }
            self.schemes.add(promise[:1] + promise[2:3])
            self.mark(promise, event, effective, day)
            told.append((*promise, event, number, terms["notice"], day, effective))
        if told:
            self.last_day = day
        return told

    def mark(self, promise: tuple, event: str, effective: date, day: date) -> None:
        spans = self.intervals.setdefault(promise, [])
        if event == "granted":
            if spans and spans[-1][1] is not None and spans[-1][1] > effective:
                spans[-1][1] = None
            else:
                spans.append([effective, None])
        elif spans:
            spans[-1][1] = effective
            if spans[-1][1] <= spans[-1][0]:
                spans.pop()

    def in_force(self, day: date) -> list[tuple]:
        return sorted(
            (*promise, first, end)
            for promise, spans in self.intervals.items()
            for first, end in spans
            if first <= day and (end is None or end > day)
        )


class World:
    """Entities whose segments and policy change by chance."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.day = date(2026, 1, 3)
        self.entities = [("store" if n % 3 else "rep", f"e{n}") for n in range(ENTITIES)]
        self.segments = {
            (*entity, scheme): self.rng.choice(SEGMENTS) for entity in self.entities for scheme in SCHEMES[:2]
        }
        self.ended: set[tuple] = set()
        self.lines: dict[tuple, dict] = {}
        self.since = {key: self.some_day() for key in self.segments}
        for _ in range(16):
            self.new_line()

    def some_day(self) -> date:
        return self.day - timedelta(self.rng.randint(0, 200))

    def new_line(self) -> None:
        rng = self.rng
        line = tuple(rng.choice(options) for options in (SCHEMES, SEGMENTS, TREATMENTS, VALUES))
        self.lines[line] = {
            "effective_from": rng.choice(("at_once", "next_period", "next_cycle")),
            "notice": rng.choice((0, 0, 1, 2)),
        }

    def move_on(self) -> None:
        rng = self.rng
        self.day += timedelta(rng.choice((0, 1, 3, 10, 31)))
        for key in rng.sample(sorted(self.segments), 25):
            self.segments[key] = rng.choice(SEGMENTS)
            self.since[key] = self.day - timedelta(rng.randint(0, 40))
        self.ended ^= set(rng.sample(self.entities, 2))
        if rng.random() < 0.4:
            self.lines.pop(rng.choice(sorted(self.lines)))
            self.new_line()
        if rng.random() < 0.1:  # a scheme that is new
            for entity in self.entities:
                self.segments.setdefault((*entity, SCHEMES[2]), rng.choice(SEGMENTS))
                self.since.setdefault((*entity, SCHEMES[2]), self.some_day())

    @property
    def active(self) -> set[tuple]:
        return set(self.entities) - self.ended

    def entitled(self) -> dict[tuple, dict]:
        return {
            (*key, segment, treatment, value): terms | {"since": self.since[key]}
            for key, held in self.segments.items()
            for (scheme, segment, treatment, value), terms in self.lines.items()
            if key[2] == scheme and held == segment and key[:2] in self.active
        }


@pytest.mark.parametrize("seed", range(4))
def test_ledger_and_what_is_in_force_equal_the_reference(sql, seed):
    world, reference = World(seed), Reference()
    promise = "entity_type, entity_id, scheme, segment, treatment, value"
    with duckdb.connect() as con:
        con.execute(f"create schema {SCHEMA}; create schema {SCHEMA}_intermediate")
        con.execute(f"create table {SCHEMA}.fct_treatment_ledger ({LEDGER})")
        con.execute(
            f"create table {SCHEMA}_intermediate.int_treatment_entitlements (entity_type text, entity_id text,"
            " scheme text, segment text, treatment text, value text, unit_cost decimal(18, 6), effective_from text,"
            " notice_periods integer, segment_since date)"
        )
        for entity in ("store", "rep", "product_group"):
            con.execute(
                f"create table {SCHEMA}.fct_{entity}_segments_current"
                f" ({entity}_id text, scheme text, segment text, is_active boolean)"
            )
        for step in range(DAYS):
            world.move_on()
            # now and then a build for a day before
            day = world.day - timedelta(20) if step % 9 == 8 else world.day
            entitled = world.entitled()
            con.execute(f"delete from {SCHEMA}_intermediate.int_treatment_entitlements")
            rows = [[*p, 1, t["effective_from"], t["notice"], t["since"]] for p, t in entitled.items()]
            con.register("rows", pandas.DataFrame(rows, columns=list(range(10))))
            con.execute(f"insert into {SCHEMA}_intermediate.int_treatment_entitlements from rows")
            for entity in ("store", "rep"):
                con.execute(f"delete from {SCHEMA}.fct_{entity}_segments_current")
                members = [[name, "x", "A", (e, name) in world.active] for e, name in world.entities if e == entity]
                con.register("members", pandas.DataFrame(members, columns=list(range(4))))
                con.execute(f"insert into {SCHEMA}.fct_{entity}_segments_current from members")
            at = {
                name: text.replace(MOMENT, f"{day} 12:00:00").replace(str(DAY), str(day)) for name, text in sql.items()
            }
            new = con.execute(
                f"select {promise}, event, event_number, notice_periods, decided_on, effective_on"
                f" from ({at['fct_treatment_ledger']})"
            ).fetchall()
            assert sorted(new) == sorted(reference.step(day, entitled, world.active)), f"day {day}, step {step}"
            con.execute(f"insert into {SCHEMA}.fct_treatment_ledger {at['fct_treatment_ledger']}")
            if day == world.day:
                found = con.execute(
                    f"select {promise}, in_force_since, ends_on from ({at['int_treatments_in_force']})"
                ).fetchall()
                assert sorted(found, key=str) == sorted(reference.in_force(day), key=str), f"day {day}, step {step}"
        events, keys = con.execute(
            f"select count(*), count(distinct event_key) from {SCHEMA}.fct_treatment_ledger"
        ).fetchone()
    assert events == keys > 1000
