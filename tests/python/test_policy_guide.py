"""Every example of docs/policy-guide.md, judged by the oracle, so that the guide cannot drift.

An example is a heading with its CSV blocks (```csv <policy file>) and tables of periods below it.
Columns in backticks are metric values (blank: no value), the others are what the engine makes of them.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from oracle import Entity, Override, Rule, Scheme, Segment, evaluate, period_end, period_of, period_start

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = PROJECT / "docs" / "policy-guide.md"
POLICY = PROJECT / "seeds" / "policy"
MANUAL_SEGMENTS = "entity_type,entity_id,scheme,segment,valid_from,valid_to,reason,set_by,approved_by"
JUDGED = {"met", "computed", "plain", "segment", "reason", "since"}


@dataclass
class Example:
    """One table of the guide, with the policy that stands above it."""

    name: str
    policy: dict[str, list[dict]]
    attributes: dict[str, list[str]]
    overrides: list[dict]
    rows: list[dict[str, str]] = field(default_factory=list)

    def segments(self) -> tuple[Segment, ...]:
        lines = self.policy.get("segments") or [
            {"segment": "STANDARD", "precedence": "1", "level": "1", "is_default": "true"},
            {"segment": "TOP", "precedence": "2", "level": "2"},
        ]
        return tuple(
            Segment(line["segment"], int(line["precedence"]), integer(line, "level"), line.get("is_default") == "true")
            for line in lines
        )

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(
                line["segment"],
                line.get("rule_group") or "only",
                line["metric"],
                line["operator"],
                Decimal(line["enter_threshold"]),
                Decimal(line["exit_threshold"]) if line.get("exit_threshold") else None,
                integer(line, "enter_after", 1),
                integer(line, "exit_after", 1),
                integer(line, "hold_periods", 0),
                integer(line, "expire_after"),
                line.get("scope") or "*",
                day(line, "valid_from"),
                day(line, "valid_to"),
            )
            for line in self.policy["segment_rules"]
        )

    def scheme(self) -> Scheme:
        line = (self.policy.get("schemes") or [{}])[0]
        return Scheme(
            "scheme",
            scope_attribute=line.get("scope_attribute") or None,
            review_every=integer(line, "review_every", 1),
            min_stay_periods=integer(line, "min_stay_periods", 0),
            demotion=line.get("demotion") or "direct",
            segments=self.segments(),
            rules=self.rules(),
        )

    def judged(self) -> list[dict[str, str]]:
        """The rows of the table as the oracle has them."""
        periods = [period_of(date.fromisoformat(f"{row['period']}-01")) for row in self.rows]
        assert periods == list(range(periods[0], periods[0] + len(periods))), "periods follow each other"
        entity = Entity("store", period_start(periods[0]), periods[0], periods[-1], attributes=self.attributes)
        for column in self.rows[0]:
            if column.startswith("`"):
                entity.metrics[column.strip("`")] = {
                    period: Decimal(row[column]) if row[column] else None
                    for period, row in zip(periods, self.rows, strict=True)
                }
        entity.overrides = [
            Override("scheme", line["segment"], day(line, "valid_from"), day(line, "valid_to"))
            for line in self.overrides
        ]
        evidence, history, _ = evaluate(entity, self.scheme(), period_end(periods[-1] + 1), periods[-1])
        met = {row.period: "yes" if row.is_met else "no" for row in evidence}
        return [
            {
                "met": met[row.period],
                "computed": row.computed_segment,
                "plain": row.segment_without_memory,
                "segment": row.segment,
                "reason": row.reason,
            }
            for row in history
        ]


def integer(line: dict, column: str, default: int | None = None) -> int | None:
    return int(line[column]) if line.get(column) else default


def day(line: dict, column: str) -> date | None:
    return date.fromisoformat(line[column]) if line.get(column) else None


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def attributes_of(text: str) -> dict[str, list[str]]:
    """'channel = modern, store_group = A/B' -> the attribute values, with every prefix of the group."""
    attributes = {}
    for pair in text.split(","):
        name, value = (part.strip() for part in pair.split("="))
        parts = value.split("/")
        prefixes = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        attributes[name] = prefixes if name == "store_group" else [value]
    return attributes


def examples(text: str) -> list[Example]:
    found: list[Example] = []
    heading, policy, attributes, lines = "", {}, {}, iter(text.splitlines())
    for line in lines:
        if line.startswith("#"):
            heading, policy, attributes = line.strip("# "), {}, {}
        elif line.startswith("```"):
            name = line.removeprefix("```csv").strip() if line.startswith("```csv") else None
            block = []
            for inner in lines:
                if inner.startswith("```"):
                    break
                block.append(inner)
            if name:
                policy[name] = list(csv.DictReader(io.StringIO("\n".join(block))))
        elif match := re.fullmatch(r"Store with (.*):", line):
            attributes = attributes_of(match.group(1).replace("`", ""))
        elif line.startswith("| period |"):
            header = cells(line)
            next(lines)
            overrides = policy.get("crm_manual_segments", [])
            example = Example(f"{heading} {len(found)}", dict(policy), attributes, overrides)
            for row in lines:
                if not row.startswith("|"):
                    break
                example.rows.append(dict(zip(header, cells(row), strict=True)))
            found.append(example)
    return found


EXAMPLES = examples(GUIDE.read_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: Example):
    said = [{column: row[column] for column in row if column in JUDGED} for row in example.rows]
    judged = example.judged()
    assert said == [{column: row[column] for column in said[0]} for row in judged]


def test_csv_blocks_have_columns_of_their_files():
    for example in EXAMPLES:
        for name, lines in example.policy.items():
            if name == "crm_manual_segments":
                known = MANUAL_SEGMENTS.split(",")
            else:
                known = (POLICY / f"{name}.csv").read_text().splitlines()[0].split(",")
            assert set(lines[0]) <= set(known), f"{example.name}: {name}"


def test_every_parameter_of_a_rule_has_an_example():
    header = (POLICY / "segment_rules.csv").read_text().splitlines()[0].split(",")
    shown = columns_used("segment_rules")
    assert set(header) - {"entity_type", "scheme"} <= shown
    assert {rule.operator for example in EXAMPLES for rule in example.rules()} == {">=", ">", "<=", "<"}
    assert {"scope_attribute", "review_every", "min_stay_periods", "demotion"} <= columns_used("schemes")


def columns_used(file: str) -> set[str]:
    lines = (line for example in EXAMPLES for line in example.policy.get(file, []))
    return {column for line in lines for column in line if line[column]}
