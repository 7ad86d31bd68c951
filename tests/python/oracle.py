"""A slow, plain, sequential reference of the segmentation engine (semantics.md, sections 2 and 9).

Written from the text alone, never from the SQL: the tests compare the two. One entity, one scheme,
one period after the other; values are Decimal or None. Keep it dull: what counts is that a reader
can hold it against the text line by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

UNKNOWN = "UNKNOWN"  # the default of a classification: nothing known


# --- what goes in ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    name: str
    precedence: int
    level: int | None = None
    is_default: bool = False


@dataclass(frozen=True)
class Rule:
    """One line of segment_rules.csv: one version of one condition for one scope."""

    segment: str
    rule_group: str
    metric: str
    operator: str
    enter: Decimal
    exit: Decimal | None = None
    enter_after: int = 1
    exit_after: int = 1
    hold_periods: int = 0
    expire_after: int | None = None
    scope: str = "*"
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def condition(self) -> tuple[str, str, str, str]:
        """The identity within a scheme: state carries over all lines that share it."""
        return (self.segment, self.rule_group, self.metric, self.operator)

    @property
    def exit_threshold(self) -> Decimal:
        return self.enter if self.exit is None else self.exit


@dataclass(frozen=True)
class Scheme:
    name: str
    kind: str = "rules"
    applies_to: tuple[str, str] | None = None
    scope_attribute: str | None = None
    review_every: int = 1
    min_stay_periods: int = 0
    demotion: str = "direct"
    segments: tuple[Segment, ...] = ()
    rules: tuple[Rule, ...] = ()
    entity_type: str = "store"

    @property
    def default(self) -> str:
        if self.kind == "classification":
            return UNKNOWN
        return next(s.name for s in self.segments if s.is_default)


@dataclass(frozen=True)
class Override:
    scheme: str
    segment: str
    valid_from: date
    valid_to: date | None = None
    loaded_at: datetime | None = None


@dataclass
class Entity:
    id: str
    starts_on: date
    first_period: int
    last_period: int  # before first_period: the life begins after the last closed period
    is_active: bool = True
    attributes: dict[str, list[str]] = field(default_factory=dict)
    metrics: dict[str, dict[int, Decimal | None]] = field(default_factory=dict)
    classified: dict[str, dict[int, str | None]] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)

    def value(self, metric: str, period: int) -> Decimal | None:
        return self.metrics.get(metric, {}).get(period)


# --- what comes out --------------------------------------------------------------------------------


@dataclass
class Evidence:
    segment: str
    rule_group: str
    metric: str
    operator: str
    period: int
    value: Decimal | None
    rule: Rule | None  # the line in force, with its thresholds
    is_in_force: bool
    qualifies: bool  # the value alone, against the enter threshold
    qualifying_streak: int = 0
    failing_streak: int = 0
    unobserved_streak: int = 0
    last_signal: int | None = None
    is_met: bool = False


@dataclass
class History:
    period: int
    computed_segment: str
    segment: str
    segment_without_memory: str
    override_segment: str | None
    previous_segment: str | None
    is_change: bool
    periods_in_segment: int
    reason: str
    last_change: int | None  # of the computed side


@dataclass
class Current:
    segment: str
    computed_segment: str
    reason: str
    since: date
    is_active: bool


# --- the calendar ----------------------------------------------------------------------------------

MONDAY = date(1970, 1, 5)


def period_of(day: date, grain: str = "month") -> int:
    return 12 * day.year + day.month if grain == "month" else (day - MONDAY).days // 7


def period_start(period: int, grain: str = "month") -> date:
    if grain == "week":
        return MONDAY + timedelta(days=7 * period)
    return date((period - 1) // 12, (period - 1) % 12 + 1, 1)


def period_end(period: int, grain: str = "month") -> date:
    return period_start(period + 1, grain) - timedelta(days=1)


def last_closed_period(as_of: date, closing_lag_days: int = 3, grain: str = "month") -> int:
    period = period_of(as_of, grain)
    while not period_end(period, grain) + timedelta(days=closing_lag_days) < as_of:
        period -= 1
    return period


# --- one condition ---------------------------------------------------------------------------------


def applies(scheme: Scheme, entity: Entity) -> bool:
    if scheme.applies_to is None:
        return True
    attribute, value = scheme.applies_to
    return value in entity.attributes.get(attribute, [])


def conditions_of(scheme: Scheme) -> list[tuple[str, str, str, str]]:
    return list(dict.fromkeys(rule.condition for rule in scheme.rules))


def covers(valid_from: date | None, valid_to: date | None, day: date) -> bool:
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)


def line_in_force(scheme: Scheme, condition, entity: Entity, day: date) -> Rule | None:
    """The line of the entity's own scope value (the longest of several), else the `*` line."""
    lines = [r for r in scheme.rules if r.condition == condition and covers(r.valid_from, r.valid_to, day)]
    own_values = entity.attributes.get(scheme.scope_attribute, []) if scheme.scope_attribute else []
    own = [r for r in lines if r.scope != "*" and r.scope in own_values]
    if own:
        return max(own, key=lambda r: len(r.scope))
    return next((r for r in lines if r.scope == "*"), None)


def qualifies(operator: str, value: Decimal, enter: Decimal) -> bool:
    if operator == ">=":
        return value >= enter
    if operator == ">":
        return value > enter
    if operator == "<=":
        return value <= enter
    if operator == "<":
        return value < enter
    raise ValueError(operator)


def fails(operator: str, value: Decimal, exit_threshold: Decimal) -> bool:
    """The complement of the operator, at the exit threshold."""
    return not qualifies(operator, value, exit_threshold)


def judge(before: Evidence | None, rule: Rule | None, condition, value: Decimal | None, period: int) -> Evidence:
    """One condition, one period: the step of the Schmitt trigger."""
    segment, rule_group, metric, operator = condition
    now = Evidence(segment, rule_group, metric, operator, period, value, rule, rule is not None, False)
    if rule is None:
        return now  # out of force: not met, nothing remembered

    if before is not None:
        now.is_met = before.is_met
        now.qualifying_streak = before.qualifying_streak
        now.failing_streak = before.failing_streak
        now.unobserved_streak = before.unobserved_streak
        now.last_signal = before.last_signal

    if value is None:
        now.unobserved_streak += 1
        if rule.expire_after is not None and now.unobserved_streak >= rule.expire_after:
            now.is_met = False
            now.qualifying_streak = 0
            now.failing_streak = 0
            now.last_signal = None
        return now

    now.unobserved_streak = 0
    if qualifies(operator, value, rule.enter):
        now.qualifies = True
        now.qualifying_streak += 1
        now.failing_streak = 0
        if now.qualifying_streak >= rule.enter_after:
            now.last_signal = period
            now.is_met = True
    elif fails(operator, value, rule.exit_threshold):
        now.failing_streak += 1
        now.qualifying_streak = 0
        failing_signal = now.failing_streak >= rule.exit_after
        if now.is_met and failing_signal and period - now.last_signal > rule.hold_periods:
            now.is_met = False
    else:  # in the band between exit and enter: the state is kept, both streaks are broken
        now.qualifying_streak = 0
        now.failing_streak = 0
    return now


def judge_all(entity: Entity, scheme: Scheme, grain: str = "month") -> list[Evidence]:
    evidence = []
    for condition in conditions_of(scheme):
        before = None
        for period in range(entity.first_period, entity.last_period + 1):
            rule = line_in_force(scheme, condition, entity, period_end(period, grain))
            before = judge(before, rule, condition, entity.value(condition[2], period), period)
            evidence.append(before)
    return evidence


# --- from conditions to a segment ------------------------------------------------------------------


def groups_that_hold(segment: str, rows: list[Evidence], met) -> list[list[Evidence]]:
    groups: dict[str, list[Evidence]] = {}
    for row in rows:
        if row.segment == segment:
            groups.setdefault(row.rule_group, []).append(row)
    return [group for group in groups.values() if all(met(row) for row in group)]


def highest_that_holds(scheme: Scheme, rows: list[Evidence], met) -> str:
    holding = [s for s in scheme.segments if groups_that_hold(s.name, rows, met)]
    return max(holding, key=lambda s: s.precedence).name if holding else scheme.default


def override_on(entity: Entity, scheme: Scheme, day: date) -> Override | None:
    found = [o for o in entity.overrides if o.scheme == scheme.name and covers(o.valid_from, o.valid_to, day)]
    if not found:
        return None
    # latest valid_from, then latest loaded_at (none = oldest), then segment name (the first)
    newest = max((o.valid_from, o.loaded_at or datetime.min) for o in found)
    found = [o for o in found if (o.valid_from, o.loaded_at or datetime.min) == newest]
    return min(found, key=lambda o: o.segment.encode())


def level_of(scheme: Scheme, segment: str) -> int | None:
    return next((s.level for s in scheme.segments if s.name == segment), None)


def precedence_of(scheme: Scheme, segment: str) -> int | None:
    return next((s.precedence for s in scheme.segments if s.name == segment), None)


def next_computed(scheme: Scheme, before: str, last_change: int | None, candidate: str, period: int) -> str:
    """The computed segment of a later period: the candidate, as far as the scheme's limits allow."""
    if candidate == before:
        return before
    if last_change is not None and period < last_change + scheme.min_stay_periods:
        return before
    if period % scheme.review_every != 0:
        return before
    if scheme.demotion == "one_step":
        here, there = level_of(scheme, before), level_of(scheme, candidate)
        if there < here:  # one level at a time, whether that level holds or not
            return max((s for s in scheme.segments if s.level < here), key=lambda s: s.level).name
    return candidate


def reason_of(scheme: Scheme, rows: list[Evidence], row: History, was_overridden: bool) -> str:
    if row.override_segment is not None:
        return "override"
    if row.previous_segment is None:
        return "first"
    if row.is_change:
        if was_overridden:
            return "override_ended"
        here, there = level_of(scheme, row.previous_segment), level_of(scheme, row.segment)
        if here is None or there is None or here == there:
            return "moved"
        return "promoted" if there > here else "demoted"
    if row.segment == row.segment_without_memory:
        return "kept"
    held, plain = precedence_of(scheme, row.segment), precedence_of(scheme, row.segment_without_memory)
    if held is None or plain is None:
        return "waiting"  # a classification has no ranks: only a limit can make the difference
    if plain < held:
        groups = groups_that_hold(row.segment, rows, lambda e: e.is_met)
        if groups and all(any(e.value is None for e in group) for group in groups):
            return "unobserved"
        return "held"
    return "waiting"


def place_all(entity: Entity, scheme: Scheme, evidence: list[Evidence], grain: str = "month") -> list[History]:
    history: list[History] = []
    for period in range(entity.first_period, entity.last_period + 1):
        rows = [e for e in evidence if e.period == period]
        if scheme.kind == "classification":
            candidate = entity.classified.get(scheme.name, {}).get(period) or UNKNOWN
            without_memory = candidate
        else:
            candidate = highest_that_holds(scheme, rows, lambda e: e.is_met)
            without_memory = highest_that_holds(scheme, rows, lambda e: e.qualifies)

        before = history[-1] if history else None
        if before is None:
            computed, last_change = candidate, None  # the first placement is no change
        else:
            computed = next_computed(scheme, before.computed_segment, before.last_change, candidate, period)
            last_change = before.last_change if computed == before.computed_segment else period

        override = override_on(entity, scheme, period_end(period, grain))
        segment = override.segment if override else computed
        is_change = before is not None and segment != before.segment
        row = History(
            period=period,
            computed_segment=computed,
            segment=segment,
            segment_without_memory=without_memory,
            override_segment=override.segment if override else None,
            previous_segment=before.segment if before else None,
            is_change=is_change,
            periods_in_segment=1 if before is None or is_change else before.periods_in_segment + 1,
            reason="",
            last_change=last_change,
        )
        row.reason = reason_of(scheme, rows, row, before is not None and before.override_segment is not None)
        history.append(row)
    return history


# --- section 9: current ----------------------------------------------------------------------------


def current(entity: Entity, scheme: Scheme, history: list[History], as_of: date, grain: str = "month") -> Current:
    if history:
        last = history[-1]
        computed, reason = last.computed_segment, last.reason
        since = period_start(last.period - last.periods_in_segment + 1, grain)
        judged_until = period_end(last.period, grain)
    else:
        # Nothing judged yet: only an override that spoke on a day of this life can have ended in it.
        computed, reason, since = scheme.default, "first", entity.starts_on
        judged_until = entity.starts_on

    override = override_on(entity, scheme, as_of)
    if override is not None:
        return Current(override.segment, computed, "override", override.valid_from, entity.is_active)
    ended = [
        o.valid_to
        for o in entity.overrides
        if o.scheme == scheme.name
        and o.valid_to is not None
        and o.valid_from < o.valid_to  # one that was never in force did not end
        and judged_until < o.valid_to <= as_of
    ]
    if ended:
        return Current(computed, computed, "override_ended", max(ended), entity.is_active)
    return Current(computed, computed, reason, since, entity.is_active)


def evaluate(
    entity: Entity, scheme: Scheme, as_of: date, grain: str = "month"
) -> tuple[list[Evidence], list[History], Current]:
    evidence = judge_all(entity, scheme, grain)
    history = place_all(entity, scheme, evidence, grain)
    return evidence, history, current(entity, scheme, history, as_of, grain)


# --- the columns of the marts that the reference speaks of, and its values for them -----------------

EVIDENCE = (
    "is_in_force",
    "value",
    "enter_threshold",
    "exit_threshold",
    "qualifies",
    "qualifying_streak",
    "failing_streak",
    "unobserved_streak",
    "last_signal_period_index",
    "is_met",
)
HISTORY = (
    "period_start_date",
    "computed_segment",
    "segment",
    "segment_without_memory",
    "override_segment",
    "previous_segment",
    "is_change",
    "periods_in_segment",
    "reason",
    "last_change_period_index",
)
CURRENT = ("segment", "computed_segment", "segment_since", "reason", "is_active")


def evidence_values(e) -> tuple:
    """One condition's state in the order of EVIDENCE."""
    return (
        e.is_in_force,
        e.value,
        e.rule and e.rule.enter,
        e.rule and e.rule.exit_threshold,
        e.qualifies,
        e.qualifying_streak,
        e.failing_streak,
        e.unobserved_streak,
        e.last_signal,
        e.is_met,
    )


def history_values(h, grain: str) -> tuple:
    """One period's placement in the order of HISTORY."""
    return (
        period_start(h.period, grain),
        h.computed_segment,
        h.segment,
        h.segment_without_memory,
        h.override_segment,
        h.previous_segment,
        h.is_change,
        h.periods_in_segment,
        h.reason,
        h.last_change,
    )


def current_values(now) -> tuple:
    """The segment of today in the order of CURRENT."""
    return now.segment, now.computed_segment, now.since, now.reason, now.is_active
