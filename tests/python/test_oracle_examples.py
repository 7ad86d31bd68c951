"""The oracle itself, held against examples worked by hand from semantics.md."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from oracle import (
    Entity,
    Override,
    Rule,
    Scheme,
    Segment,
    evaluate,
    last_closed_period,
    line_in_force,
    override_on,
    period_end,
    period_of,
    period_start,
)

FIRST = period_of(date(2025, 1, 1))
AS_OF = date(2026, 1, 10)
LADDER = (Segment("STANDARD", 1, 1, True), Segment("TOP", 2, 2))


def run(values, *, rules=None, scheme=None, overrides=(), as_of=AS_OF, **parameters):
    """One store from January 2025 on, one metric; the parameters are those of the one condition."""
    if scheme is None:
        top = {"enter": Decimal(80), "exit": Decimal(72), **parameters}
        scheme = Scheme("s", segments=LADDER, rules=rules or (Rule("TOP", "a", "m", ">=", **top),))
    entity = Entity("x", period_start(FIRST), FIRST, FIRST + len(values) - 1, overrides=list(overrides))
    entity.metrics["m"] = {FIRST + n: None if value is None else Decimal(str(value)) for n, value in enumerate(values)}
    return evaluate(entity, scheme, as_of)


def met(values, **parameters):
    return [row.is_met for row in run(values, **parameters)[0]]


def segments(values, **parameters):
    return [row.segment for row in run(values, **parameters)[1]]


def reasons(values, **parameters):
    return [row.reason for row in run(values, **parameters)[1]]


@pytest.mark.parametrize(
    ("operator", "enter", "exit_threshold", "values", "expected"),
    [
        (">=", 80, 72, [79, 80, 72, 71.999999], [False, True, True, False]),
        (">", 80, 72, [80, 80.000001, 72.000001, 72], [False, True, True, False]),
        ("<=", 10, 12, [11, 10, 12, 12.000001], [False, True, True, False]),
        ("<", 10, 12, [10, 9.999999, 11.999999, 12], [False, True, True, False]),
        (">=", 80, None, [80, 79.999999], [True, False]),
    ],
)
def test_ties_at_the_thresholds(operator, enter, exit_threshold, values, expected):
    rule = Rule("TOP", "a", "m", operator, Decimal(enter), None if exit_threshold is None else Decimal(exit_threshold))
    assert met(values, rules=(rule,)) == expected


def test_hold_of_the_text():
    assert met([85, 60, 60], hold_periods=1) == [True, True, False]


def test_hold_counts_calendar_periods_from_the_last_signal():
    # The signal of March starts the hold anew; the empty April counts; June is the first after it.
    assert met([85, 60, 85, None, 60, 60], hold_periods=2) == [True, True, True, True, True, False]
    # A band value is no signal.
    assert met([85, 75, 75, 60], hold_periods=2) == [True, True, True, False]


def test_failing_inside_the_hold_is_no_signal_but_counts_in_the_streak():
    assert met([85, 60, 60, 60, 60], hold_periods=2, exit_after=2) == [True, True, True, False, False]
    assert met([85, None, None, 60, 60], hold_periods=2, exit_after=2) == [True, True, True, True, False]


def test_qualifying_below_enter_after_is_no_signal():
    # With enter_after 2 the lone 85 of May does not renew the hold that March began.
    assert met([85, 85, 85, 60, 85, 60], enter_after=2, hold_periods=2) == [False, True, True, True, True, False]


def test_streaks_need_consecutive_observed_periods():
    assert met([85, 85], enter_after=2) == [False, True]
    assert met([85, None, 85], enter_after=2) == [False, False, True]  # a gap neither extends nor breaks
    assert met([85, 75, 85], enter_after=2) == [False, False, False]  # the band breaks it
    assert met([85, 60, None, 60], exit_after=2) == [True, True, True, False]
    assert met([85, 60, 75, 60], exit_after=2) == [True, True, True, True]


def test_expiry_unmeets_and_forgets():
    evidence, _, _ = run([85, 85, None, None, None, 85], enter_after=2, expire_after=2)
    assert [row.is_met for row in evidence] == [False, True, True, False, False, False]
    assert [row.qualifying_streak for row in evidence] == [1, 2, 2, 0, 0, 1]
    assert [row.unobserved_streak for row in evidence] == [0, 0, 1, 2, 3, 0]
    assert [row.last_signal for row in evidence] == [None, FIRST + 1, FIRST + 1, None, None, None]


def test_expiry_is_not_blocked_by_hold_and_forgets_a_waiting_streak():
    assert met([85, None], hold_periods=9, expire_after=1) == [True, False]
    assert met([85, None, 85], enter_after=2, expire_after=1) == [False, False, False]


def test_thresholds_are_those_of_the_period_end():
    march = date(2025, 3, 31)
    rules = (
        Rule("TOP", "a", "m", ">=", Decimal(80), valid_to=march),
        Rule("TOP", "a", "m", ">=", Decimal(50), valid_from=march),
    )
    assert met([60, 60, 60], rules=rules) == [False, False, True]
    a_day_later = tuple(
        Rule(
            "TOP",
            "a",
            "m",
            ">=",
            r.enter,
            valid_from=r.valid_from and date(2025, 4, 1),
            valid_to=r.valid_to and date(2025, 4, 1),
        )
        for r in rules
    )
    assert met([60, 60, 60], rules=a_day_later) == [False, False, False]


def test_streak_carries_over_a_change_and_enters_at_the_next_qualifying_period():
    change = date(2025, 3, 1)
    rules = (
        Rule("TOP", "a", "m", ">=", Decimal(80), enter_after=5, valid_to=change),
        Rule("TOP", "a", "m", ">=", Decimal(80), enter_after=2, valid_from=change),
    )
    assert met([85, 85, None, 85], rules=rules) == [False, False, False, True]


def test_out_of_force_is_unmet_and_remembers_nothing():
    rules = (
        Rule("TOP", "a", "m", ">=", Decimal(80), Decimal(72), valid_to=date(2025, 3, 1)),
        Rule("TOP", "a", "n", ">=", Decimal(0), valid_from=date(2025, 2, 1)),
    )
    evidence, history, _ = run([85, 85, 85], rules=rules)
    assert [(r.is_in_force, r.is_met) for r in evidence[:3]] == [(True, True), (True, True), (False, False)]
    assert evidence[2].qualifying_streak == 0 and evidence[2].last_signal is None
    assert [r.segment for r in history] == ["STANDARD"] * 3  # the AND group holds a condition out of force


def test_scope_longest_prefix_wins_and_the_star_fills_in():
    group = ["K", "K/A", "K/A/1"]
    entity = Entity("x", period_start(FIRST), FIRST, FIRST, attributes={"store_group": group})

    def line(scope, **validity):
        return Rule("TOP", "a", "m", ">=", Decimal(1), scope=scope, **validity)

    lines = (line("*"), line("K"), line("K/A", valid_from=date(2025, 3, 1)), line("K/B"))
    scheme = Scheme("s", scope_attribute="store_group", segments=LADDER, rules=lines)
    condition = lines[0].condition
    assert line_in_force(scheme, condition, entity, date(2025, 2, 28)).scope == "K"
    assert line_in_force(scheme, condition, entity, date(2025, 3, 1)).scope == "K/A"
    entity.attributes["store_group"] = []
    assert line_in_force(scheme, condition, entity, date(2025, 3, 1)).scope == "*"
    alone = Scheme("s", scope_attribute="store_group", segments=LADDER, rules=(line("K/B"),))
    assert line_in_force(alone, condition, entity, date(2025, 3, 1)) is None


THREE = (Segment("LOW", 1, 1, True), Segment("MID", 2, 2), Segment("HIGH", 3, 3))


def three(**limits):
    rules = (Rule("MID", "a", "m", ">=", Decimal(10)), Rule("HIGH", "a", "m", ">=", Decimal(20)))
    return Scheme("s", segments=THREE, rules=rules, **limits)


def test_highest_precedence_wins_and_reasons():
    assert segments([5, 15, 25, 15, 5], scheme=three()) == ["LOW", "MID", "HIGH", "MID", "LOW"]
    assert reasons([5, 15, 25, 15, 15], scheme=three()) == ["first", "promoted", "promoted", "demoted", "kept"]


def test_min_stay_counts_from_a_change_not_from_the_first_placement():
    assert segments([25, 5, 25, 25, 25], scheme=three(min_stay_periods=3)) == ["HIGH", "LOW", "LOW", "LOW", "HIGH"]
    assert reasons([25, 5, 25, 25, 25], scheme=three(min_stay_periods=3)) == [
        "first",
        "demoted",
        "waiting",
        "waiting",
        "promoted",
    ]


def test_review_every_uses_the_candidate_of_the_review_period():
    # January is the first placement; then March and June are reviewed (index a multiple of 3).
    values = [5, 25, 15, 25, 25, 5]
    assert segments(values, scheme=three(review_every=3)) == ["LOW", "LOW", "MID", "MID", "MID", "LOW"]


def test_one_step_goes_down_through_levels_that_do_not_hold():
    assert segments([25, 5, 5, 5], scheme=three(demotion="one_step")) == ["HIGH", "MID", "LOW", "LOW"]
    assert reasons([25, 5, 5, 5], scheme=three(demotion="one_step")) == ["first", "demoted", "demoted", "kept"]
    slow = three(demotion="one_step", min_stay_periods=2)
    assert segments([25, 5, 5, 5], scheme=slow) == ["HIGH", "MID", "MID", "LOW"]
    assert reasons([25, 5, 5, 5], scheme=slow) == ["first", "demoted", "held", "demoted"]


def test_held_and_unobserved_and_waiting():
    assert reasons([85, 75, None, 60], exit_after=2) == ["first", "held", "unobserved", "held"]
    assert reasons([60, 85, 85], enter_after=2) == ["first", "waiting", "promoted"]
    # A second group that holds on a value of this period: nothing is unobserved about it.
    rules = (
        Rule("TOP", "a", "n", ">=", Decimal(1)),
        Rule("TOP", "b", "m", ">=", Decimal(80), Decimal(72)),
    )
    scheme = Scheme("s", segments=LADDER, rules=rules)
    entity = Entity("x", period_start(FIRST), FIRST, FIRST + 1)
    entity.metrics = {"m": {FIRST: Decimal(85), FIRST + 1: Decimal(75)}, "n": {FIRST: Decimal(1)}}
    assert [r.reason for r in evaluate(entity, scheme, AS_OF)[1]] == ["first", "held"]


def test_override_hides_but_does_not_touch_the_computed_side():
    manual = Override("s", "STANDARD", date(2025, 2, 10), date(2025, 4, 1))
    _, history, _ = run([85, 85, 85, 85], overrides=[manual])
    assert [r.segment for r in history] == ["TOP", "STANDARD", "STANDARD", "TOP"]
    assert [r.computed_segment for r in history] == ["TOP"] * 4
    assert [r.reason for r in history] == ["first", "override", "override", "override_ended"]
    assert [r.is_change for r in history] == [False, True, False, True]
    assert [r.periods_in_segment for r in history] == [1, 1, 2, 1]


def test_override_that_ends_without_a_change_gives_the_ordinary_reason():
    manual = Override("s", "TOP", date(2025, 1, 1), date(2025, 2, 28))
    assert reasons([85, 85, 75], overrides=[manual]) == ["override", "kept", "held"]


def test_of_several_overrides_the_latest_wins():
    scheme = three()
    entity = Entity("x", period_start(FIRST), FIRST, FIRST)
    early, late = date(2025, 1, 1), date(2025, 1, 2)
    first, second = datetime(2025, 5, 1), datetime(2025, 6, 1)
    entity.overrides = [Override("s", "LOW", early, None, second), Override("s", "HIGH", late, None, None)]
    assert override_on(entity, scheme, late).segment == "HIGH"
    entity.overrides = [Override("s", "LOW", late, None, second), Override("s", "HIGH", late, None, first)]
    assert override_on(entity, scheme, late).segment == "LOW"
    entity.overrides = [Override("s", "LOW", late, None, first), Override("s", "HIGH", late, None, first)]
    assert override_on(entity, scheme, late).segment == "HIGH"
    assert override_on(entity, scheme, early) is None


def test_classification():
    scheme = Scheme("s", kind="classification", review_every=3)
    entity = Entity("x", period_start(FIRST), FIRST, FIRST + 4)
    entity.classified["s"] = {FIRST: "A", FIRST + 1: "B", FIRST + 2: "B", FIRST + 3: None}
    _, history, _ = evaluate(entity, scheme, AS_OF)
    assert [r.segment for r in history] == ["A", "A", "B", "B", "B"]
    assert [r.segment_without_memory for r in history] == ["A", "B", "B", "UNKNOWN", "UNKNOWN"]
    assert [r.reason for r in history] == ["first", "waiting", "moved", "waiting", "waiting"]


def test_current():
    as_of, values = date(2025, 6, 10), [85, 85, 85, 85, 85]  # May is closed

    def now(**options):
        row = run(values, as_of=as_of, **options)[2]
        return (row.segment, row.computed_segment, row.reason, row.since)

    assert now() == ("TOP", "TOP", "kept", date(2025, 1, 1))
    blocked = Override("s", "STANDARD", date(2025, 6, 10))
    assert now(overrides=[blocked]) == ("STANDARD", "TOP", "override", date(2025, 6, 10))
    tomorrow = Override("s", "STANDARD", date(2025, 6, 11))
    assert now(overrides=[tomorrow]) == ("TOP", "TOP", "kept", date(2025, 1, 1))
    over = Override("s", "STANDARD", date(2025, 5, 20), date(2025, 6, 3))
    assert now(overrides=[over]) == ("TOP", "TOP", "override_ended", date(2025, 6, 3))


def test_current_of_a_life_that_no_closed_period_has_seen():
    entity = Entity("x", date(2025, 6, 5), FIRST + 5, FIRST + 4)
    scheme = Scheme("s", segments=LADDER, rules=(Rule("TOP", "a", "m", ">=", Decimal(80)),))
    evidence, history, row = evaluate(entity, scheme, date(2025, 6, 10))
    assert (evidence, history) == ([], [])
    assert (row.segment, row.computed_segment, row.reason, row.since) == (
        "STANDARD",
        "STANDARD",
        "first",
        date(2025, 6, 5),
    )


def test_calendar():
    assert period_of(date(2025, 3, 31)) == 12 * 2025 + 3 and (12 * 2025 + 3) % 3 == 0
    assert (period_start(24303), period_end(24303)) == (date(2025, 3, 1), date(2025, 3, 31))
    assert (period_start(24300), period_end(24300)) == (date(2024, 12, 1), date(2024, 12, 31))
    assert (period_start(0, "week"), period_end(0, "week")) == (date(1970, 1, 5), date(1970, 1, 11))
    # May closes on 4 June
    assert last_closed_period(date(2025, 6, 3)) == period_of(date(2025, 4, 1))
    assert last_closed_period(date(2025, 6, 4)) == period_of(date(2025, 5, 1))
