"""Random policies and histories for the engine, every parameter of semantics.md section 2 in them.

One generator serves both ways: seeded (`make_cases`, thousands of cases in seconds) and as a
hypothesis strategy (`case_strategy`, which shrinks). Thresholds and values come from small pools, so
that ties at the thresholds are frequent. Every policy is valid by the checks of the policy gate.

A case is one or two schemes and a few entities of its own. Many cases share one build: the text of
every attribute begins with the case's name, so `applies_to` and `scope` never reach another case.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from oracle import (
    Entity,
    Override,
    Rule,
    Scheme,
    Segment,
    last_closed_period,
    period_end,
    period_of,
    period_start,
)

METRICS = ("m1", "m2", "m3", "m4", "m5")
OPERATORS = (">=", ">", "<=", "<")
NAMES = ("DELTA", "ALPHA", "ECHO", "BRAVO", "FOXTROT", "CHARLIE")
STEP = Decimal("0.000001")  # the last digit that counts

# the attribute that holds the case's name, and those that schemes may name besides
ATTRIBUTES = {
    "store": ("industry", ("channel", "region", "city", "store_group", "industry")),
    "rep": ("region", ("manager_id", "region")),
}


@dataclass(frozen=True)
class World:
    """What all cases of one build share."""

    grain: str = "month"
    as_of: date = date(2025, 12, 20)
    history_starts_on: date = date(2024, 1, 1)
    closing_lag_days: int = 3

    @property
    def first(self) -> int:
        return period_of(self.history_starts_on, self.grain)

    @property
    def last(self) -> int:
        return last_closed_period(self.as_of, self.closing_lag_days, self.grain)


MONTHS = World()
WEEKS = World(grain="week", as_of=date(2025, 12, 18), history_starts_on=date(2025, 6, 30))


@dataclass
class Case:
    name: str
    entity_type: str
    schemes: list[Scheme]
    entities: list[Entity]
    masters: dict[str, dict[str, str | None]] = field(default_factory=dict)  # entity -> master columns

    @property
    def size(self) -> int:
        return sum(len(s.rules) + len(s.segments) for s in self.schemes) * len(self.entities)


# --- dates -----------------------------------------------------------------------------------------


def some_day(rng, world: World, first: int, last: int) -> date:
    """A day in the periods first to last; often a first or a last day, where off-by-ones live."""
    period = rng.randint(first, last)
    start, end = period_start(period, world.grain), period_end(period, world.grain)
    return rng.choice([start, end, end, start + timedelta(days=rng.randint(0, (end - start).days))])


def some_cuts(rng, world: World, number: int) -> list[date]:
    days = {some_day(rng, world, world.first - 1, world.last + 1) for _ in range(number)}
    return sorted(days)


# --- policy ----------------------------------------------------------------------------------------


def threshold_pool(rng) -> list[Decimal]:
    return [
        Decimal(text)
        for text in rng.choice(
            [
                ["0", "1", "2", "3"],
                ["10", "20", "30", "40", "50"],
                ["0.7", "0.75", "0.8", "0.85"],
                ["-2.5", "-1", "0", "2.5"],
                ["2.5", "2.500001", "2.500002", "3"],
                ["0", "99999999999.999998", "99999999999.999999"],
                ["60", "72", "80"],
            ]
        )
    ]


def some_trigger(rng, operator: str, pool: list[Decimal]) -> dict:
    """Thresholds, with exit on the operator's right side, and the parameters of memory."""
    enter = rng.choice(pool)
    exit_threshold = None
    if rng.random() < 0.7:
        right = [t for t in pool if (t <= enter if operator in (">=", ">") else t >= enter)]
        exit_threshold = rng.choice(right)
    return {
        "enter": enter,
        "exit": exit_threshold,
        "enter_after": rng.choice([1, 1, 1, 2, 2, 3, 4]),
        "exit_after": rng.choice([1, 1, 1, 2, 2, 3, 4]),
        "hold_periods": rng.choice([0, 0, 0, 1, 2, 3, 5]),
        "expire_after": rng.choice([None, None, 1, 2, 3, 4]),
    }


def some_versions(rng, world: World) -> list[tuple[date | None, date | None]]:
    """Adjacent half-open spans: neither overlap nor gap; open or not at both ends."""
    cuts = some_cuts(rng, world, rng.choice([0, 0, 0, 1, 2, 3]))
    spans = list(zip([None, *cuts], [*cuts, None]))
    if len(spans) > 1 and rng.random() < 0.4:
        spans = spans[1:]  # begins late
    if len(spans) > 1 and rng.random() < 0.4:
        spans = spans[:-1]  # ends early
    return spans


def some_rules(rng, world: World, scheme: Scheme, scope_values: list[str], pools: dict) -> list[Rule]:
    rules: list[Rule] = []
    is_ladder = rng.random() < 0.35  # one metric, thresholds that ascend; else anything goes
    ladder_metric, ladder_operator = rng.choice(METRICS), rng.choice(OPERATORS)
    for segment in scheme.segments:
        if segment.is_default and rng.random() < 0.85:
            continue
        if rng.random() < 0.1:
            continue  # a segment without rules is only given by hand
        for group in ["a"] if is_ladder else rng.sample(["a", "b", "1"], rng.choice([1, 1, 2, 3])):
            conditions = set()
            for _ in range(1 if is_ladder else rng.choice([1, 1, 2, 3])):
                conditions.add(
                    (ladder_metric, ladder_operator) if is_ladder else (rng.choice(METRICS), rng.choice(OPERATORS))
                )
            for metric, operator in sorted(conditions):
                scopes = ["*"]
                if scope_values and rng.random() < 0.7:
                    scopes = rng.sample(scope_values, rng.randint(1, min(3, len(scope_values))))
                    if rng.random() < 0.7:
                        scopes.append("*")
                for scope in scopes:
                    for valid_from, valid_to in some_versions(rng, world):
                        rules.append(
                            Rule(
                                segment.name,
                                group,
                                metric,
                                operator,
                                scope=scope,
                                valid_from=valid_from,
                                valid_to=valid_to,
                                **some_trigger(rng, operator, pools[metric]),
                            )
                        )
    rng.shuffle(rules)  # the order of lines means nothing
    return rules


def some_segments(rng) -> list[Segment]:
    names = rng.sample(NAMES, rng.choice([2, 2, 3, 3, 4, 5]))
    precedences = sorted(rng.sample(range(0, 40), len(names)))
    style = rng.choice(["ascending", "ascending", "blank", "any"])
    levels = {
        "ascending": sorted(rng.sample(range(0, 20), len(names))),
        "blank": [None] * len(names),
        "any": [rng.choice([None, 1, 2, 3]) for _ in names],
    }[style]
    default = 0 if rng.random() < 0.75 else rng.randrange(len(names))
    segments = [
        Segment(name, precedence, level, position == default)
        for position, (name, precedence, level) in enumerate(zip(names, precedences, levels))
    ]
    return segments


def is_ranked(segments: list[Segment]) -> bool:
    """Distinct levels that ascend with precedence: what one_step asks for."""
    levels = [s.level for s in sorted(segments, key=lambda s: s.precedence)]
    return None not in levels and all(a < b for a, b in zip(levels, levels[1:]))


def some_scheme(rng, world: World, name: str, entity_type: str, values: dict, kind: str, pools: dict) -> Scheme:
    case_attribute, attributes = ATTRIBUTES[entity_type]
    applies_to = (case_attribute, values[case_attribute][0])
    if rng.random() < 0.35:
        attribute = rng.choice(attributes)
        applies_to = (attribute, rng.choice(values[attribute]))
    limits = {
        "review_every": rng.choice([1, 1, 1, 2, 3, 4, 6]),
        "min_stay_periods": rng.choice([0, 0, 0, 1, 2, 3, 6]),
    }
    if kind == "classification":
        return Scheme(name, kind, applies_to, None, entity_type=entity_type, **limits)
    scope_attribute = rng.choice([None, *attributes, *(["store_group"] * 2 if entity_type == "store" else [])])
    segments = some_segments(rng)
    demotion = rng.choice(["direct", "one_step", "one_step"]) if is_ranked(segments) else "direct"
    scheme = Scheme(
        name,
        kind,
        applies_to,
        scope_attribute,
        demotion=demotion,
        segments=tuple(segments),
        entity_type=entity_type,
        **limits,
    )
    rules = some_rules(rng, world, scheme, values.get(scope_attribute, []), pools)
    return Scheme(**{**scheme.__dict__, "rules": tuple(rules)})


# --- entities --------------------------------------------------------------------------------------


def attribute_values(name: str, entity_type: str) -> dict[str, list[str]]:
    """Every value that an attribute of this case's entities may take."""
    if entity_type == "rep":
        return {"region": [name], "manager_id": [f"{name}-M1", f"{name}-M2", f"{name}-M3"]}
    return {
        "industry": [name],
        "channel": [f"{name}-C1", f"{name}-C2"],
        "region": [f"{name}-N", f"{name}-S", f"{name} 007"],
        "city": [f"{name}-here", f"{name}-there"],
        "store_group": [name, f"{name}/A", f"{name}/B", f"{name}/A/1", f"{name}/A/2", f"{name}/A/1/x"],
    }


def some_attributes(rng, name: str, entity_type: str) -> tuple[dict, dict]:
    """The master's columns, and the attributes they mean."""
    master: dict[str, str | None] = {}
    attributes: dict[str, list[str]] = {}
    case_attribute, _ = ATTRIBUTES[entity_type]
    for attribute, values in attribute_values(name, entity_type).items():
        value = rng.choice(values)
        if attribute != case_attribute and rng.random() < 0.15:
            value = None
        if attribute == "store_group":
            master["store_group_path"] = value
            parts = value.split("/") if value else []
            attributes[attribute] = ["/".join(parts[: n + 1]) for n in range(len(parts))]
            if value and rng.random() < 0.1:
                master["store_group_path"] = "/" + value.replace("/", "//")  # empty parts are dropped
        else:
            master[attribute] = value
            attributes[attribute] = [value] if value else []
    if entity_type == "store":
        master["legal_type"] = rng.choice(["individual", "company", None])
        master["is_served"] = rng.choice(["true", "false", None])
        for attribute in ("legal_type", "is_served"):
            attributes[attribute] = [master[attribute]] if master[attribute] else []
    return master, attributes


def some_life(rng, world: World, entity_type: str, master: dict) -> dict:
    open_from = period_end(world.last, world.grain) + timedelta(days=1)
    kind = rng.random()
    if kind < 0.5:
        starts_on = world.history_starts_on - timedelta(days=rng.randint(0, 900))
    elif kind < 0.94:
        starts_on = some_day(rng, world, world.first, world.last)
    else:  # after the last closed period
        starts_on = open_from + timedelta(days=rng.randint(0, (world.as_of - open_from).days))
    first = max(world.first, period_of(starts_on, world.grain))

    ends_on, kind = None, rng.random()
    if kind < 0.15 and first <= world.last:
        ends_on = max(starts_on, some_day(rng, world, first, world.last))
    elif kind < 0.2:
        ends_on = max(starts_on, open_from + timedelta(days=rng.randint(0, (world.as_of - open_from).days)))
    elif kind < 0.25:
        ends_on = world.as_of + timedelta(days=rng.randint(1, 60))  # a plan: still alive
    is_active = ends_on is None or ends_on > world.as_of
    last = world.last if is_active else min(world.last, period_of(ends_on, world.grain))

    starts, ends = ("opened_on", "closed_on") if entity_type == "store" else ("hired_on", "left_on")
    master[starts], master[ends] = starts_on.isoformat(), ends_on.isoformat() if ends_on else None
    if entity_type == "store" and rng.random() < 0.2:
        later = starts_on + timedelta(days=rng.randint(0, 60))
        master["customer_since"] = starts_on.isoformat()  # the earlier of the two counts
        master["opened_on"] = rng.choice([None, later.isoformat() if later <= world.as_of else None])
        if ends_on and ends_on < later:
            master["opened_on"] = None
    return {"starts_on": starts_on, "first_period": first, "last_period": last, "is_active": is_active}


def some_series(rng, pool: list[Decimal], first: int, last: int) -> dict[int, Decimal | None]:
    """Values at, just beside and between the thresholds; with gaps; often staying where they are."""
    near = [t for t in pool] * 2 + [t + STEP for t in pool if t < 10**10] + [t - STEP for t in pool]
    near += [(a + b) / 2 for a, b in zip(pool, pool[1:]) if b - a > 1 and b < 10**10]
    near = rng.sample(near, min(len(near), rng.choice([2, 3, 6, 12])))
    nulls, stay = rng.choice([0, 0, 0.15, 0.4, 0.85]), rng.choice([0, 0.3, 0.7])
    series: dict[int, Decimal | None] = {}
    value = None
    for position, period in enumerate(range(first, last + 1)):
        if position == 0 or rng.random() >= stay:
            value = None if rng.random() < nulls else rng.choice(near)
        if value is None and rng.random() < 0.5:
            continue  # no row at all means the same as a row without a value
        series[period] = value
    return series


def some_overrides(rng, world: World, scheme: Scheme, first: int) -> list[Override]:
    if rng.random() < 0.6:
        return []
    # The key of a manual segment is its valid_from: of two rows with the same one only one counts.
    days = {
        rng.choice(
            [
                some_day(rng, world, world.first - 2, world.last),
                some_day(rng, world, max(world.first, world.last - 3), world.last + 2),
                some_day(rng, world, first, max(first, world.last)),
            ]
        )
        for _ in range(rng.randint(1, 4))
    }
    segments = [s.name for s in scheme.segments] or list(NAMES[:4])
    overrides = []
    for valid_from in sorted(days):
        valid_to = None
        if rng.random() < 0.75:
            valid_to = valid_from + timedelta(days=rng.choice([1, 7, 30, 31, 61, 100, 250]))
            if rng.random() < 0.5:
                valid_to = max(
                    valid_from + timedelta(days=1),
                    some_day(rng, world, period_of(valid_from, world.grain), world.last + 2),
                )
        loaded_at = None
        if rng.random() < 0.8:
            loaded_at = datetime(2025, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23))
        overrides.append(Override(scheme.name, rng.choice(segments), valid_from, valid_to, loaded_at))
    return overrides


# --- a case ----------------------------------------------------------------------------------------


def make_case(
    rng, name: str, world: World = MONTHS, entity_type: str = "store", kind: str = "rules", entities: int = 3
) -> Case:
    pools = {metric: threshold_pool(rng) for metric in METRICS}
    values = attribute_values(name, entity_type)
    names = [name] if rng.random() < 0.85 else [name, f"{name}b"]
    schemes = [some_scheme(rng, world, n, entity_type, values, kind, pools) for n in names]
    used = {rule.metric for scheme in schemes for rule in scheme.rules}
    case = Case(name, entity_type, schemes, [])
    for number in range(entities):
        master, attributes = some_attributes(rng, name, entity_type)
        entity = Entity(f"{name}-{number}", attributes=attributes, **some_life(rng, world, entity_type, master))
        entity.metrics = {
            metric: some_series(rng, pools[metric], entity.first_period, entity.last_period)
            for metric in METRICS
            if metric in used
        }
        for scheme in schemes:
            entity.overrides += some_overrides(rng, world, scheme, entity.first_period)
            if kind == "classification":
                entity.classified[scheme.name] = {
                    period: rng.choice([NAMES[0], NAMES[0], NAMES[1], NAMES[2], None])
                    for period in range(entity.first_period, entity.last_period + 1)
                    if rng.random() < 0.9
                }
        case.entities.append(entity)
        case.masters[entity.id] = master
    return case


def make_cases(number: int, seed: int, prefix: str = "c", **options) -> list[Case]:
    """Each case has its own seed, so one of them can be made again alone."""
    return [make_case(random.Random(f"{seed}-{n}"), f"{prefix}{n:04d}", **options) for n in range(number)]


def make_common_case(rng, name: str, world: World, cases: list[Case], applies_to, others=()) -> Case:
    """A scheme over the stores of all cases: blank `applies_to`, or an attribute that all share."""
    entities = [e for case in cases if case.entity_type == "store" for e in case.entities]
    pools = {metric: threshold_pool(rng) for metric in METRICS}
    values = attribute_values(name, "store")
    drawn = some_scheme(rng, world, name, "store", values, "rules", pools)
    unscoped = Scheme(**{**drawn.__dict__, "applies_to": applies_to, "scope_attribute": None})
    scheme = Scheme(**{**unscoped.__dict__, "rules": tuple(some_rules(rng, world, unscoped, [], pools))})
    for entity in entities:
        if rng.random() < 0.2:
            entity.overrides += some_overrides(rng, world, scheme, entity.first_period)
    return Case(name, "store", [scheme], [*entities, *others])


# --- an earlier state of the same company ----------------------------------------------------------


def earlier(rng, case: Case, world: World) -> Case | None:
    """The case as an earlier run may have seen it: what differs reached the warehouse since then."""
    kind = rng.random()
    options = {"entity_type": case.entity_type, "kind": case.schemes[0].kind, "entities": len(case.entities)}
    if kind < 0.05:
        return None  # new since
    if kind < 0.2:  # another policy and other lives altogether
        return make_case(rng, case.name, world=world, **options)
    past = Case(case.name, case.entity_type, list(case.schemes), [], {e: dict(m) for e, m in case.masters.items()})
    if kind < 0.4:  # one edit of the policy
        number = rng.randrange(len(past.schemes))
        scheme = past.schemes[number]
        edit = rng.choice(["limits", "line", "dropped", "parameters"])
        rules = list(scheme.rules)
        changed = {}
        if edit == "limits" or not rules:
            changed = {"min_stay_periods": rng.randint(0, 4), "review_every": rng.randint(1, 3)}
        else:
            line = rng.randrange(len(rules))
            siblings = [r for r in rules if (r.condition, r.scope) == (rules[line].condition, rules[line].scope)]
            if edit == "dropped" and len(siblings) == 1:
                rules.pop(line)
            elif edit == "parameters":
                rules[line] = Rule(**{**rules[line].__dict__, "enter_after": rng.randint(1, 3), "hold_periods": 1})
            else:
                rules[line] = Rule(**{**rules[line].__dict__, "exit": None})
            changed = {"rules": tuple(rules)}
        past.schemes[number] = Scheme(**{**scheme.__dict__, **changed})
    for entity in case.entities:
        if rng.random() < 0.05:
            past.masters.pop(entity.id)
            continue
        copy = Entity(**{**entity.__dict__})
        copy.metrics = {m: dict(series) for m, series in entity.metrics.items()}
        if 0.4 <= kind < 0.7:  # values that were corrected, came late, or were taken back
            for series in copy.metrics.values():
                for period in range(copy.first_period, copy.last_period + 1):
                    if rng.random() < 0.15:
                        series[period] = rng.choice([None, *series.values()])
        if 0.6 <= kind < 0.8:
            copy.overrides = [o for o in entity.overrides if rng.random() < 0.5]
        if 0.8 <= kind < 0.9:  # master data moved: other attributes, another life
            master, _ = some_attributes(rng, case.name, case.entity_type)
            some_life(rng, world, case.entity_type, master)
            past.masters[entity.id] = master
        past.entities.append(copy)
    return past


def case_strategy(name: str = "h", **options):
    """The same cases as a hypothesis strategy: hypothesis plays the dice, and can shrink them."""
    from hypothesis import strategies as st

    return st.randoms(use_true_random=False).map(lambda rng: make_case(rng, name, **options))


def rename(case: Case, name: str) -> Case:
    """The same case under another name, so that many of them fit into one build."""

    def renamed(text: str | None) -> str | None:
        return None if text is None else text.replace(case.name, name)

    schemes = [
        Scheme(
            **{
                **s.__dict__,
                "name": renamed(s.name),
                "applies_to": s.applies_to and (s.applies_to[0], renamed(s.applies_to[1])),
                "rules": tuple(Rule(**{**r.__dict__, "scope": renamed(r.scope)}) for r in s.rules),
            }
        )
        for s in case.schemes
    ]
    entities = [
        Entity(
            **{
                **e.__dict__,
                "id": renamed(e.id),
                "attributes": {a: [renamed(v) for v in values] for a, values in e.attributes.items()},
                "classified": {renamed(s): series for s, series in e.classified.items()},
                "overrides": [Override(**{**o.__dict__, "scheme": renamed(o.scheme)}) for o in e.overrides],
            }
        )
        for e in case.entities
    ]
    masters = {
        renamed(e): {
            column: renamed(v) if column not in ("legal_type", "is_served") else v for column, v in master.items()
        }
        for e, master in case.masters.items()
    }
    return Case(name, case.entity_type, schemes, entities, masters)
