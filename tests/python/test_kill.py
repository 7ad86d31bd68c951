"""A refresh killed at any moment loses and spoils nothing: tests/python/kills.py says how. KILL_SEED, KILLS."""

from __future__ import annotations

import kills
import pytest


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """Of both engines; of DuckDB alone where there is no PostgreSQL."""
    servers = {"duckdb": None}
    try:
        servers["postgres"] = request.getfixturevalue("postgres").database()
    except pytest.skip.Exception:
        pass
    return kills.outcomes(tmp_path_factory.mktemp("kills"), servers)


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_killed_refresh_loses_and_spoils_nothing(engine, outcomes):
    if engine not in outcomes:
        pytest.skip("PostgreSQL is not installed here")
    outcome = outcomes[engine]
    print("\n".join(["", *outcome.told, str(outcome)]))
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.refreshes == kills.rounds(kills.KILLS)
    assert outcome.kills == kills.KILLS


def test_moments_are_spread_over_the_whole_refresh():
    found = kills.moments(100, "any")
    assert len(found) == 100
    building = sorted(moment.share for moment in found if moment.phase == "building")
    assert len(building) == 70
    assert max(after - before for before, after in zip([0, *building], [*building, 1])) < 0.05
