"""The random cases reach every rule of the engine: each rule broken in the oracle shows in them.

What no case can tell apart, the comparison with the SQL cannot test either.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import oracle
import pytest
from cases import MONTHS, WEEKS, case_strategy, is_ranked, make_cases
from hypothesis import HealthCheck, given, settings

SOURCE = Path(oracle.__file__).read_text()

# what the text says -> what a careless reading would say
MUTANTS = {
    "enter tie": ("return value >= enter", "return value > enter"),
    "exit tie": (
        "return not qualifies(operator, value, exit_threshold)",
        "return {'>=': value <= exit_threshold, '>': value < exit_threshold, "
        "'<=': value >= exit_threshold, '<': value > exit_threshold}[operator]",
    ),
    "no band": ("elif fails(operator, value, rule.exit_threshold):", "elif fails(operator, value, rule.enter):"),
    "hold off by one": ("period - now.last_signal > rule", "period - now.last_signal >= rule"),
    "hold ignored": ("and period - now.last_signal > rule.hold_periods", ""),
    "enter_after ignored": ("if now.qualifying_streak >= rule.enter_after:", "if True:"),
    "exit_after ignored": ("failing_signal = now.failing_streak >= rule.exit_after", "failing_signal = True"),
    "every qualifying value is a signal": (
        "        now.failing_streak = 0\n        if now.q",
        "        now.failing_streak = 0\n        now.last_signal = period\n        if now.q",
    ),
    "band keeps streaks": (
        "broken\n        now.qualifying_streak = 0\n        now.failing_streak = 0",
        "broken\n        pass",
    ),
    "gap breaks streaks": ("now.unobserved_streak += 1\n", "now.unobserved_streak += 1; now.qualifying_streak = 0\n"),
    "expiry off by one": ("now.unobserved_streak >= rule.expire_after", "now.unobserved_streak > rule.expire_after"),
    "expiry keeps the streaks": (
        "now.is_met = False\n            now.qualifying_streak = 0\n            now.failing_streak = 0",
        "now.is_met = False",
    ),
    "expiry keeps the signal": ("            now.last_signal = None\n", ""),
    "out of force remembers": (
        "return now  # out",
        "now.qualifying_streak = before.qualifying_streak if before else 0; return now  # out",
    ),
    "valid_to inclusive": ("day < valid_to", "day <= valid_to"),
    "valid_from exclusive": ("valid_from <= day", "valid_from < day"),
    "period start, not end": (
        "entity, period_end(period, grain))\n            before",
        "entity, period_start(period, grain))\n            before",
    ),
    "shortest scope": ("return max(own", "return min(own"),
    "star first": ("    if own:\n", "    if own and not any(r.scope == '*' for r in lines):\n"),
    "one group of all conditions": ("groups.setdefault(row.rule_group", "groups.setdefault(''"),
    "any condition of a group": ("if all(met(row) for", "if any(met(row) for"),
    "lowest precedence": ("return max(holding", "return min(holding"),
    "stay off by one": ("period < last_change + scheme", "period <= last_change + scheme"),
    "stay ignored": ("if last_change is not None and period <", "if False and period <"),
    "first placement is a change": ("candidate, None  # the first", "candidate, period  # the first"),
    "review ignored": ("if period % scheme.review_every != 0:", "if False:"),
    "review shifted": ("if period % scheme.review_every", "if (period + 1) % scheme.review_every"),
    "direct demotion": ('if scheme.demotion == "one_step":', "if False:"),
    "oldest override": ("newest = max(", "newest = min("),
    "override touches the computed side": (
        "        is_change = before is not None and",
        "        computed = segment\n        is_change = before is not None and",
    ),
    "override by period start": (
        "override = override_on(entity, scheme, period_end(period, grain))",
        "override = override_on(entity, scheme, period_start(period, grain))",
    ),
    "ended override unseen": ("if was_overridden:", "if False:"),
    "unobserved when any group lacks a value": (
        "if groups and all(any(e.value",
        "if groups and any(any(e.value",
    ),
    "unobserved when all values are missing": (
        "all(any(e.value is None for e in group) for",
        "all(all(e.value is None for e in group) for",
    ),
    "plain asks exit": (
        "without_memory = highest_that_holds(scheme, rows, lambda e: e.qualifies)",
        "without_memory = highest_that_holds(scheme, rows, lambda e: e.rule is not None and e.value is not None "
        "and not fails(e.operator, e.value, e.rule.exit_threshold))",
    ),
    "current by period end": (
        "override = override_on(entity, scheme, as_of)",
        "override = override_on(entity, scheme, judged_until)",
    ),
    "ended after the period unseen": ("    if ended:\n", "    if False:\n"),
}


def results(module, drawn, world) -> list:
    return [
        [
            tuple(vars(row).values())  # the classes of two modules never compare equal
            for part in module.evaluate(entity, scheme, world.as_of, world.grain)
            for row in (part if isinstance(part, list) else [part])
        ]
        for case in drawn
        for scheme in case.schemes
        for entity in case.entities
        if oracle.applies(scheme, entity)
    ]


@pytest.fixture(scope="module")
def drawn():
    kinds = make_cases(150, 7) + make_cases(10, 7, "k", kind="classification")
    return kinds, results(oracle, kinds, MONTHS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_shows(name, drawn, monkeypatch):
    kinds, right = drawn
    old, new = MUTANTS[name]
    assert SOURCE.count(old) == 1, "the mutant no longer fits the oracle's text"
    broken = types.ModuleType("broken_oracle")
    monkeypatch.setitem(sys.modules, "broken_oracle", broken)  # dataclasses look their module up
    exec(compile(SOURCE.replace(old, new), "broken_oracle.py", "exec"), broken.__dict__)
    wrong = results(broken, kinds, MONTHS)
    assert sum(a != b for a, b in zip(right, wrong)) >= 2


@settings(max_examples=100, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case_strategy("hypo", world=WEEKS))
def test_policies_are_valid(case):
    """What the policy gate refuses never comes out of the generator."""
    for scheme in case.schemes:
        assert sum(s.is_default for s in scheme.segments) == 1
        assert len({s.precedence for s in scheme.segments}) == len(scheme.segments)
        assert scheme.demotion == "direct" or is_ranked(list(scheme.segments))
        versions: dict = {}
        for rule in scheme.rules:
            versions.setdefault((rule.condition, rule.scope), []).append(rule)
            low, high = sorted((rule.exit_threshold, rule.enter))
            assert (rule.exit_threshold, rule.enter) == ((low, high) if rule.operator in (">=", ">") else (high, low))
        for lines in versions.values():
            lines.sort(key=lambda r: (r.valid_from is not None, r.valid_from))
            assert all(a.valid_to is not None and a.valid_to == b.valid_from for a, b in zip(lines, lines[1:]))


@settings(max_examples=100, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case_strategy("hypo"))
def test_history_is_whole(case):
    """Exactly one segment per entity, scheme and period of the life; runs and changes agree."""
    for scheme in case.schemes:
        for entity in case.entities:
            _, history, now = oracle.evaluate(entity, scheme, MONTHS.as_of)
            assert [row.period for row in history] == list(range(entity.first_period, entity.last_period + 1))
            for before, row in zip(history, history[1:]):
                assert row.previous_segment == before.segment
                assert row.is_change == (row.segment != before.segment)
                assert row.periods_in_segment == (1 if row.is_change else before.periods_in_segment + 1)
            names = {s.name for s in scheme.segments}
            assert {row.segment for row in history} | {now.segment} <= names


def test_every_case_has_its_own_seed():
    one, many = make_cases(3, 5)[2], make_cases(5, 5)[2]
    assert repr(one) == repr(many)
