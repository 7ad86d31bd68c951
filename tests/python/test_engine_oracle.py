"""The engine's SQL, built by dbt, equals the sequential oracle on random policies and histories.

ORACLE_CASES sets how many store cases the monthly build holds (default 2000), ORACLE_SEED which.
"""

from __future__ import annotations

import os
import random
from datetime import date

import pytest
from cases import MONTHS, WEEKS, World, case_strategy, earlier, make_cases, make_common_case, rename
from engine_harness import Warehouse, anchor, differences, report
from engines import differing_rows
from hypothesis import HealthCheck, Phase, given, settings

NUMBER = int(os.environ.get("ORACLE_CASES", "2000"))
SEED = int(os.environ.get("ORACLE_SEED", "20261122"))


def assert_equal(warehouse: Warehouse, cases, world: World) -> dict[str, int]:
    found, compared = differences(warehouse, cases, world)
    if found:
        pytest.fail(report(found, world), pytrace=False)
    print(f"\n{len(cases)} cases, rows compared: {compared}, 0 differences")
    return compared


def classified(number: int, prefix: str, world: World, **options) -> list:
    """Classifications take one model each, so few of them, with many entities."""
    return make_cases(number, SEED, prefix, world=world, kind="classification", entities=20, **options)


def drawn_by_hypothesis(number: int, world: World) -> list:
    """Collects what hypothesis draws, so that one build judges all of it."""
    drawn = []

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case_strategy("hypo", world=world))
    def collect(case):
        drawn.append(case)

    collect()
    return [rename(case, f"h{number:04d}") for number, case in enumerate(drawn)]


def test_months(tmp_path):
    """Stores and reps by the month: the acceptance measure of 2,000 cases."""
    cases = make_cases(NUMBER, SEED)
    cases += make_cases(max(NUMBER // 10, 5), SEED, "r", entity_type="rep")
    cases += classified(6, "k", MONTHS) + classified(2, "q", MONTHS, entity_type="rep")
    warehouse = Warehouse(tmp_path)
    warehouse.build(cases, MONTHS)
    assert_equal(warehouse, cases, MONTHS)


def test_common_schemes(tmp_path):
    """Schemes that cases share: blank `applies_to`, and attributes with few values."""
    cases = make_cases(max(NUMBER // 20, 20), SEED + 2, "s")
    rng = random.Random(SEED)
    wanted = [None, None, ("is_served", "true"), ("legal_type", "individual")]
    common = [
        make_common_case(rng, f"g{n:04d}", MONTHS, cases, applies_to, [anchor(MONTHS)])
        for n, applies_to in enumerate(wanted)
    ]
    warehouse = Warehouse(tmp_path)
    warehouse.build(cases + common, MONTHS)
    assert_equal(warehouse, cases + common, MONTHS)


def test_incremental_rounds(tmp_path):
    """Replay equals rebuild: runs on earlier states of the inputs, then the last state."""
    cases = make_cases(max(NUMBER // 10, 40), SEED + 3) + make_cases(20, SEED + 3, "r", entity_type="rep")
    cases += classified(3, "k", MONTHS)
    warehouse = Warehouse(tmp_path)
    rng = random.Random(SEED)
    for as_of in (date(2025, 7, 3), date(2025, 10, 20), MONTHS.as_of):
        past = [earlier(rng, case, MONTHS) for case in cases]
        warehouse.build([case for case in past if case], World(as_of=as_of), check=False)
    warehouse.build(cases, MONTHS)
    assert_equal(warehouse, cases, MONTHS)


def test_weeks_and_hypothesis(tmp_path):
    """By the week, on what hypothesis draws: it leans to extremes that a fair die seldom shows."""
    cases = drawn_by_hypothesis(max(NUMBER // 10, 20), WEEKS)
    cases += make_cases(max(NUMBER // 10, 20), SEED + 1, "w", world=WEEKS) + classified(2, "k", WEEKS)
    warehouse = Warehouse(tmp_path)
    warehouse.build(cases, WEEKS)
    assert_equal(warehouse, cases, WEEKS)


@pytest.mark.parametrize("world", [MONTHS, WEEKS], ids=["months", "weeks"])
def test_postgres(tmp_path, postgres, world):
    """On PostgreSQL as the oracle says, and every mart as DuckDB has it; by the month after an earlier round."""
    number = max(NUMBER // 40, 50)
    cases = make_cases(number, SEED + 4, world=world)
    cases += make_cases(number // 4, SEED + 4, "r", entity_type="rep", world=world)
    cases += classified(3, "k", world) + classified(1, "q", world, entity_type="rep")
    duck, server = Warehouse(tmp_path / "duckdb"), Warehouse(tmp_path / "postgres", postgres.database())
    rng = random.Random(SEED)
    past = [earlier(rng, case, world) for case in cases]
    if world is MONTHS:
        server.build([case for case in past if case], World(as_of=date(2025, 10, 20)), check=False)
    for warehouse in (duck, server):
        warehouse.build(cases, world)
    assert_equal(server, cases, world)
    found = differing_rows(duck.database, "segmentation_build", server.server, "segmentation_build")
    assert {table: rows for table, rows in found.items() if rows} == {}
    assert {f"fct_{entity}_segment_{kind}" for entity in ("store", "rep") for kind in ("evidence", "history")} <= set(
        found
    )
