"""Compare a built company, row by row, with the two references: metrics, named ones and scores too, with
reference_metrics.py (from the raw tables), segments with oracle.py (from the published metrics and the policy)."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import reference_metrics as reference
from conftest import Build
from oracle import (
    CURRENT,
    EVIDENCE,
    HISTORY,
    Entity,
    Override,
    Rule,
    Scheme,
    Segment,
    applies,
    current_values,
    evaluate,
    evidence_values,
    history_values,
)

SHIPPED_POLICY = Path(__file__).resolve().parents[2] / "seeds" / "policy"
ENTITIES = {"store": "store_id", "rep": "rep_id", "product_group": "product_group_id"}
NOT_A_METRIC = {"store_id", "rep_id", "product_group_id", "period_index", "period_start_date"}


@dataclass
class Comparison:
    rows: Counter = field(default_factory=Counter)
    cells: int = 0
    differences: list[str] = field(default_factory=list)
    by_column: Counter = field(default_factory=Counter)

    def add(self, what: str, wanted: dict[tuple, dict], got: dict[tuple, dict]) -> None:
        """Rows by key, each a dict of the same columns."""
        self.rows[what] += len(wanted)
        for key in sorted(wanted.keys() | got.keys(), key=str):
            if key not in wanted or key not in got:
                where = "only in the build" if key in got else "only in the reference"
                self._note(what, "(row)", f"{key}: {where}: {got.get(key) or wanted.get(key)}")
                continue
            columns = wanted[key].keys() | got[key].keys()
            self.cells += len(columns)
            for column in sorted(columns):
                absent = "(no such column)"
                mine, theirs = wanted[key].get(column, absent), got[key].get(column, absent)
                if mine != theirs:
                    self._note(what, column, f"{key} {column}: reference {mine}, build {theirs}")

    def _note(self, what: str, column: str, line: str) -> None:
        self.by_column[(what, column)] += 1
        if self.by_column[(what, column)] <= 3:
            self.differences.append(f"{what} {line}")

    def __str__(self) -> str:
        counted = ", ".join(f"{what} {n}" for what, n in self.rows.items())
        return "\n".join(
            [
                f"{counted} rows, {self.cells} cells; differences: {sum(self.by_column.values())}",
                *(f"  {what}.{column}: {n}" for (what, column), n in self.by_column.most_common()),
                *self.differences,
            ]
        )


def dicts(build: Build, sql: str, published: bool = True) -> list[dict]:
    import duckdb

    with duckdb.connect(str(build.published if published else build.build_db), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [c[0] for c in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def has_published(build: Build) -> bool:
    return build.published.exists()


def mart(build: Build, name: str) -> str:
    """The published table; the mart itself where the build was made without publishing."""
    return name if has_published(build) else f"segmentation_build.{name}"


def published_metrics(build: Build, entity_type: str) -> dict[tuple[str, int], dict]:
    key = ENTITIES[entity_type]
    table = mart(build, f"fct_{entity_type}_metrics")
    rows = dicts(build, f"select * from {table}", has_published(build))
    found = {(r[key], r["period_index"]): {c: v for c, v in r.items() if c not in NOT_A_METRIC} for r in rows}
    assert len(found) == len(rows), f"{table} repeats keys"
    return found


def published_segments(build: Build) -> dict[tuple[str, str, int], str]:
    rows = dicts(build, f"select * from {mart(build, 'fct_store_segment_history')}", has_published(build))
    return {(r["store_id"], r["scheme"], r["period_index"]): r["segment"] for r in rows}


@dataclass
class Own:
    """What a user's project adds (vars extra_metric_models, extra_attributes), worked out by its test."""

    metrics: dict[str, dict[tuple[str, int], dict]] = field(
        default_factory=dict
    )  # entity type -> (id, period) -> values
    attributes: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)  # entity type -> id -> values


def compare_metrics(build: Build, company: reference.Company, own: Own | None = None) -> Comparison:
    """The metrics of the marts; named metrics (of the build database) and scores."""
    comparison, own = Comparison(), own or Own()
    stores = reference.store_metrics(company)
    comparison.add("store", stores, published_metrics(build, "store"))
    reps = reference.rep_metrics(company, published_segments(build), stores)
    comparison.add("rep", reps, published_metrics(build, "rep"))
    groups = reference.product_group_metrics(company, stores)
    comparison.add("product_group", groups, published_metrics(build, "product_group"))
    for entity_type, key in ENTITIES.items():
        published = published_metrics(build, entity_type)
        named = named_metrics(company, entity_type, published, own)
        ours = {metric for row in published.values() for metric in row}  # of these names theirs never counts
        built = built_named_metrics(build, company, entity_type)
        built = {key: {m: v for m, v in row.items() if m not in ours} for key, row in built.items()}
        comparison.add(f"{entity_type} named", named, built)
        scores, contributions = reference.scores(
            company, entity_type, every_value(published, named, own.metrics.get(entity_type, {}))
        )
        # Contributions are published for the last periods alone: all of them are in the build database.
        for what, wanted, keys, is_published in (
            ("scores", scores, (key, "score", "period_index"), has_published(build)),
            ("score_contributions", contributions, (key, "score", "metric", "period_index"), False),
        ):
            table = f"fct_{entity_type}_{what}" if is_published else f"segmentation_build.fct_{entity_type}_{what}"
            found = keyed(dicts(build, f"select * from {table}", is_published), keys)
            got = {k: {c: v for c, v in row.items() if c != "period_start_date"} for k, row in found.items()}
            comparison.add(f"{entity_type} {what}", wanted, got)
    return comparison


def named_metrics(
    company: reference.Company, entity_type: str, published: dict[tuple[str, int], dict], own: Own
) -> dict[tuple[str, int], dict]:
    built_in = {metric for row in published.values() for metric in row}
    return reference.named_values(company, entity_type, built_in, own.attributes.get(entity_type))


def built_named_metrics(build: Build, company: reference.Company, entity_type: str) -> dict[tuple[str, int], dict]:
    """The intervals of the build, one value a period of the entity's life; no value is no entry."""
    key, lives = ENTITIES[entity_type], company.lives(entity_type)
    rows = dicts(
        build,
        f"select {key}, metric, first_period_index, last_period_index, value"
        f" from segmentation_build_intermediate.int_{entity_type}_named_values",
        published=False,
    )
    found: dict[tuple[str, int], dict] = {(e, p): {} for e, life in lives.items() for p in life.periods}
    seen = set()
    for row in rows:
        first, last = row["first_period_index"], row["last_period_index"]
        for period in lives[row[key]].periods if row[key] in lives else ():
            if first <= period and (last is None or period <= last):
                cell = (row[key], row["metric"], period)
                if cell in seen:
                    found[(row[key], period)][row["metric"]] = "more than one row"
                elif row["value"] is not None:
                    found[(row[key], period)][row["metric"]] = row["value"]
                seen.add(cell)
    return found


def every_value(*sources: dict[tuple[str, int], dict]) -> dict[tuple[str, int], dict]:
    """Metrics of (entity, period) from all sources: of one name the first source's counts."""
    result: dict[tuple[str, int], dict] = {key: {} for key in sources[0]}
    for source in reversed(sources):
        for key, row in source.items():
            result[key] |= row
    return result


# --- segments ----------------------------------------------------------------------------------------


def read_schemes(folder: Path) -> list[Scheme]:
    """The policy CSVs as the oracle's schemes."""

    def lines(name: str) -> list[dict]:
        file = folder / f"{name}.csv"
        with open(file if file.exists() else SHIPPED_POLICY / f"{name}.csv", newline="") as handle:
            return [{k: (v or "").strip() or None for k, v in row.items()} for row in csv.DictReader(handle)]

    def of(rows: list[dict], scheme: dict) -> list[dict]:
        return [r for r in rows if (r["entity_type"], r["scheme"]) == (scheme["entity_type"], scheme["scheme"])]

    def day(value: str | None) -> date | None:
        return date.fromisoformat(value) if value else None

    segments, rules = lines("segments"), lines("segment_rules")
    return [
        Scheme(
            name=s["scheme"],
            kind=s["kind"],
            applies_to=tuple(s["applies_to"].split("=", 1)) if s["applies_to"] else None,
            scope_attribute=s["scope_attribute"],
            review_every=int(s["review_every"] or 1),
            min_stay_periods=int(s["min_stay_periods"] or 0),
            demotion=s["demotion"] or "direct",
            entity_type=s["entity_type"],
            segments=tuple(
                Segment(
                    x["segment"],
                    int(x["precedence"]),
                    int(x["level"]) if x["level"] else None,
                    x["is_default"] == "true",
                )
                for x in of(segments, s)
            ),
            rules=tuple(
                Rule(
                    r["segment"],
                    r["rule_group"],
                    r["metric"],
                    r["operator"],
                    Decimal(r["enter_threshold"]),
                    Decimal(r["exit_threshold"]) if r["exit_threshold"] else None,
                    int(r["enter_after"] or 1),
                    int(r["exit_after"] or 1),
                    int(r["hold_periods"] or 0),
                    int(r["expire_after"]) if r["expire_after"] else None,
                    r["scope"] or "*",
                    day(r["valid_from"]),
                    day(r["valid_to"]),
                )
                for r in of(rules, s)
            ),
        )
        for s in lines("schemes")
    ]


def entities_of(
    build: Build, company: reference.Company, entity_type: str, schemes: list[Scheme], own: Own
) -> list[Entity]:
    published = published_metrics(build, entity_type)
    named = named_metrics(company, entity_type, published, own)
    metrics = every_value(published, named, own.metrics.get(entity_type, {}))
    scores, _ = reference.scores(company, entity_type, metrics)
    for (entity_id, score, period), row in scores.items():
        metrics[(entity_id, period)][score] = row["value"]
    of_entity: dict[str, dict[str, dict]] = {}
    for (entity_id, period), row in metrics.items():
        for metric, value in row.items():
            of_entity.setdefault(entity_id, {}).setdefault(metric, {})[period] = value
    lives = company.lives(entity_type)
    if entity_type == "product_group":
        lives = {node: life for node, life in lives.items() if not node.endswith(f":{reference.UNKNOWN}")}
    entities = []
    for entity_id, life in lives.items():
        classified = {}
        if entity_type == "store" and any(s.name == "display" for s in schemes):
            classified["display"] = {
                p: reference.display_bands(company, entity_id, company.settings.end_of(p)) for p in life.periods
            }
        entities.append(
            Entity(
                entity_id,
                life.starts_on,
                life.first,
                life.last,
                life.is_active,
                reference.attributes_of(company, entity_type, entity_id)
                | own.attributes.get(entity_type, {}).get(entity_id, {}),
                of_entity.get(entity_id, {}),
                classified,
                [
                    Override(o["scheme"], o["segment"], o["valid_from"], o["valid_to"], o["loaded_at"])
                    for o in company.manual_segments
                    if (o["entity_type"], o["entity_id"]) == (entity_type, entity_id)
                ],
            )
        )
    return entities


def compare_segments(
    build: Build, company: reference.Company, policy_folder: Path, own: Own | None = None
) -> Comparison:
    """Evidence (all of it: from the build database), history and current against the oracle."""
    comparison, schemes = Comparison(), read_schemes(policy_folder)
    s = company.settings
    for entity_type, key in ENTITIES.items():
        mine = [scheme for scheme in schemes if scheme.entity_type == entity_type]
        evidence, history, current = {}, {}, {}
        for entity in entities_of(build, company, entity_type, mine, own or Own()):
            for scheme in mine:
                if not applies(scheme, entity):
                    continue
                judged, placed, now = evaluate(entity, scheme, s.as_of, s.grain)
                for e in judged:
                    name = (entity.id, scheme.name, e.period, e.segment, e.rule_group, e.metric, e.operator)
                    evidence[name] = dict(zip(EVIDENCE, evidence_values(e)))
                for h in placed:
                    history[(entity.id, scheme.name, h.period)] = dict(zip(HISTORY, history_values(h, s.grain)))
                current[(entity.id, scheme.name)] = dict(zip(CURRENT, current_values(now)))
        conditions = "segment, rule_group, metric, operator"
        # Whether a value qualifies is not asked of a condition that is out of force or has no value.
        columns = ", ".join(f"coalesce({c}, false) as {c}" if c == "qualifies" else c for c in EVIDENCE)
        rows = dicts(
            build,
            f"select {key}, scheme, period_index, {conditions}, {columns}"
            f" from segmentation_build.fct_{entity_type}_segment_evidence",
            published=False,
        )
        comparison.add(
            f"{entity_type} evidence", evidence, keyed(rows, (key, "scheme", "period_index", *conditions.split(", ")))
        )
        for what, wanted, columns, keys in (
            ("history", history, HISTORY, (key, "scheme", "period_index")),
            ("current", current, CURRENT, (key, "scheme")),
        ):
            table = mart(build, f"fct_{entity_type}_segment{'s' if what == 'current' else ''}_{what}")
            rows = dicts(build, f"select {', '.join((*keys, *columns))} from {table}", has_published(build))
            comparison.add(f"{entity_type} {what}", wanted, keyed(rows, keys))
    return comparison


def keyed(rows: list[dict], keys: tuple[str, ...]) -> dict[tuple, dict]:
    found = {tuple(r[k] for k in keys): {c: v for c, v in r.items() if c not in keys} for r in rows}
    assert len(found) == len(rows), f"rows repeat: {keys}"
    return found
