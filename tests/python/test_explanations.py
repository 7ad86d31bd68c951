"""Every explanation of the sample company says what the evidence says: all rows, not a sample."""

from __future__ import annotations

import re
from decimal import Decimal

import duckdb
import pytest

LAST_CLOSED = "(select max(period_index) from segmentation_build_intermediate.int_periods where is_closed)"
ENTITIES = ("store", "rep", "product_group")
# English sentences as in seeds/policy/translations.csv
DECIDING = re.compile(r" is (\S+); it enters at (\S+) and leaves at (\S+), the cushion is (\S+)\.(?: |$)")
UNOBSERVED = re.compile(r" has had no value for (\d+) periods; it enters at (\S+) and leaves at (\S+)\.(?: |$)")
MISSING = re.compile(r"^(?P<metric>.+?) (?P<amount>[+-]\d[\d.]*)(?: for (?P<periods>\d+) more periods)?$")
WAITING = re.compile(r"^(?P<metric>.+) as it is for (?P<periods>\d+) more periods$")
LEAVING = re.compile(r"^(?P<metric>.+) (?:below|at most|above|at least) (?P<exit>\S+) \(now (?P<value>\S+)\)$")
RANKS = {
    "store": {"revenue_share_above_year": "order_value_year", "revenue_rank_share_year": "order_value_year"},
    "product_group": {"revenue_share_above_year": "sales_year"},
}


def dictionaries(build, sql: str) -> list[dict]:
    with duckdb.connect(str(build.build_db), read_only=True) as con:
        con.execute("set schema 'segmentation_build'")
        found = con.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row)) for row in found.fetchall()]


@pytest.fixture(scope="module", params=ENTITIES)
def told(request, sample_build):
    """Explanations and evidence of the last closed period of an entity type, and the names of metrics."""
    entity = request.param
    explanations = dictionaries(sample_build, f"select *, {entity}_id as entity_id from fct_{entity}_explanations")
    evidence = dictionaries(
        sample_build,
        f"""
        select e.*, e.{entity}_id as entity_id from fct_{entity}_segment_evidence as e
        where e.period_index = {LAST_CLOSED}
        """,
    )
    names = dict(
        sample_build.query_build(
            "select substr(key, 8), text from segmentation_build_policy.policy_translations"
            " where language = 'en' and key like 'metric.%'"
        )
    )
    conditions: dict[tuple, list[dict]] = {}
    for row in evidence:
        conditions.setdefault((row["entity_id"], row["scheme"], row["segment"]), []).append(row)
    return entity, explanations, conditions, names


def test_there_is_one_for_every_entity_and_scheme(told, sample_build):
    entity, explanations, *_ = told
    current = sample_build.query_build(
        f"select {entity}_id, scheme, segment, segment_since, reason"
        f" from segmentation_build.fct_{entity}_segments_current"
    )
    explained = [(r["entity_id"], r["scheme"], r["segment"], r["segment_since"], r["reason"]) for r in explanations]
    assert sorted(explained) == sorted(current)
    assert all(row["sentence"] and str(row["segment_since"]) in row["sentence"] for row in explanations)


def test_the_deciding_numbers_are_those_of_the_evidence(told):
    entity, explanations, conditions, names = told
    decided = 0
    for row in explanations:
        sentence, metric = row["sentence"], row["metric"]
        numbers, silence = DECIDING.search(sentence), UNOBSERVED.search(sentence)
        if metric is None:
            assert not numbers and not silence, sentence
            continue
        (evidence,) = [
            c
            for c in conditions[row["entity_id"], row["scheme"], row["segment"]]
            if (c["rule_group"], c["metric"], c["operator"]) == (row["rule_group"], metric, row["operator"])
        ]
        decided += 1
        assert evidence["is_met"] and names.get(metric, metric) in sentence
        for column in ("value", "enter_threshold", "exit_threshold"):
            assert row[column] == evidence[column], (sentence, column)
        if evidence["value"] is None:
            assert [Decimal(n) for n in silence.groups()] == [
                evidence["unobserved_streak"],
                evidence["enter_threshold"],
                evidence["exit_threshold"],
            ], sentence
        else:
            distance = evidence["value"] - evidence["exit_threshold"]
            assert [Decimal(n) for n in numbers.groups()] == [
                evidence["value"],
                evidence["enter_threshold"],
                evidence["exit_threshold"],
                distance if evidence["operator"] in (">=", ">") else -distance,
            ], sentence
    assert decided > 40, "explanations that rest on a condition"


def test_what_is_missing_is_what_the_evidence_lacks(told, sample_build):
    """Of the group with the fewest unmet conditions all of them: value + amount is the enter threshold; of a rank the
    amount is what the least of those who have it has, less one's own."""
    entity, explanations, conditions, names = told
    metric_of = {text: metric for metric, text in names.items()}
    amounts = {
        (row["id"], metric): (row[metric], row[amount])
        for metric, amount in RANKS.get(entity, {}).items()
        for row in dictionaries(
            sample_build,
            f"""
            select {entity}_id as id, {metric}, {amount} from fct_{entity}_metrics
            where period_index = {LAST_CLOSED}
            """,
        )
    }
    said = 0
    for row in explanations:
        if row["next_segment"] is None or row["missing"] is None:
            assert " it lacks: " not in row["sentence"], row["sentence"]
            continue
        assert f" it lacks: {row['missing']}." in row["sentence"]
        groups: dict[str, list[dict]] = {}
        for condition in conditions.get((row["entity_id"], row["scheme"], row["next_segment"]), []):
            groups.setdefault(condition["rule_group"], []).append(condition)
        unmet = {name: [c for c in group if not c["is_met"]] for name, group in groups.items()}
        parts = row["missing"].split("; ")
        leaving = [part for part in parts if LEAVING.match(part)]
        assert len(leaving) <= 1 and row["unmet_conditions"] == len(parts), row["sentence"]
        if leaving:
            exit_threshold, value = LEAVING.match(leaving[0]).group("exit", "value")
            assert (Decimal(exit_threshold), Decimal(value)) == (row["exit_threshold"], row["value"])
            parts.remove(leaving[0])
        assert len(parts) == min(map(len, unmet.values()), default=0), row["sentence"]
        candidates = [group for group in unmet.values() if len(group) == len(parts)]
        if not parts:
            continue
        said += 1
        assert any(
            sorted(says(entity, c, amounts, names) for c in group) == sorted(normal(p, metric_of) for p in parts)
            for group in candidates
        ), (row["sentence"], [[says(entity, c, amounts, names) for c in group] for group in candidates])
    assert said > 20


def normal(part: str, metric_of: dict[str, str]) -> tuple:
    if found := WAITING.match(part):
        return (metric_of.get(found["metric"], found["metric"]), "waits", int(found["periods"]))
    if found := MISSING.match(part):
        metric = metric_of.get(found["metric"], found["metric"])
        return (metric, str(Decimal(found["amount"]).normalize()), int(found["periods"] or 1))
    return (metric_of.get(part.split(", ")[0], part.split(", ")[0]), "unknown", 0)


def says(entity: str, condition: dict, amounts: dict, names: dict[str, str]) -> tuple:
    """What an unmet condition must be told to lack, from its evidence alone."""
    metric, value, enter = condition["metric"], condition["value"], condition["enter_threshold"]
    rank = RANKS.get(entity, {}).get(metric)
    if value is None:
        return (rank or metric, "unknown", 0)
    compare = {">=": value >= enter, ">": value > enter, "<=": value <= enter, "<": value < enter}
    periods = condition["enter_after"]
    if compare[condition["operator"]]:
        return (rank or metric, "waits", max(periods - condition["qualifying_streak"], 1))
    amount = enter - value
    if rank:
        peers = [
            theirs
            for (other, of), (share, theirs) in amounts.items()
            if of == metric
            and share < enter
            and other.split(":")[0] == condition["entity_id"].split(":")[0]
            or of == metric
            and share < enter
            and entity == "store"
        ]
        amount = max(min(peers) - amounts[condition["entity_id"], metric][1], Decimal(0))
    return (rank or metric, str(amount.normalize()), periods)


def test_every_text_has_both_languages(sample_build):
    texts = sample_build.query_build(
        "select language, key from segmentation_build_policy.policy_translations order by key"
    )
    english, polish = ({key for language, key in texts if language == wanted} for wanted in ("en", "pl"))
    assert english == polish
    wanted = {
        f"segment.{e}.{scheme}.{segment}"
        for e, scheme, segment in sample_build.query_build(
            "select entity_type, scheme, segment from segmentation_build_policy.policy_segments"
        )
    }
    wanted |= {
        f"scheme.{e}.{scheme}"
        for e, scheme in sample_build.query_build(
            "select entity_type, scheme from segmentation_build_policy.policy_schemes"
        )
    }
    wanted |= {
        f"metric.{metric}"
        for (metric,) in sample_build.query_build(
            "select distinct metric from segmentation_build_policy.policy_segment_rules"
        )
    }
    assert wanted <= english, wanted - english
