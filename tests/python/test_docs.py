"""The queries in the documents give, on the sample company, the tables that stand below them; those of an
example, on the example.

A ```sql block followed by a table is run on warehouse/segmentation.duckdb, or on warehouse/build.duckdb
where its first line says so. UPDATE_DOCS=1 writes the results instead of comparing them. Links must lead
somewhere, and no document names a file, target or variable that is not there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"
DOCUMENTS = [
    *sorted(PROJECT.glob("*.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
    *sorted(EXAMPLES.glob("*/*.md")),
]
NAMES = [str(document.relative_to(PROJECT)) for document in DOCUMENTS]
QUERY = re.compile(r"```sql\n(?P<sql>.*?)\n```\n\n(?P<table>\|.*?\n)(?=\n|\Z)", re.DOTALL)


def result_table(build, sql: str) -> str:
    import duckdb

    is_build = sql.startswith("-- warehouse/build.duckdb")
    with duckdb.connect(str(build.build_db if is_build else build.published), read_only=True) as con:
        found = con.execute(sql)
        lines = [[column[0] for column in found.description], ["---"] * len(found.description), *found.fetchall()]
    return "".join("|" + "|".join(f" {cell(value)} ".replace("  ", " ") for value in line) + "|\n" for line in lines)


def cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", [name for name in NAMES if QUERY.search((PROJECT / name).read_text())])
def test_results_are_those_of_the_build(name: str, request):
    document = PROJECT / name
    text = document.read_text()
    # examples/adventureworks has the fixture adventureworks_build
    company = document.parent.name if EXAMPLES in document.parents else "sample"
    build = request.getfixturevalue(f"{company}_build")
    now = QUERY.sub(lambda match: f"```sql\n{match['sql']}\n```\n\n{result_table(build, match['sql'])}", text)
    if os.environ.get("UPDATE_DOCS"):
        document.write_text(now)
    else:
        assert now == text


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_names_are_there(document: Path):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)(?=`| [A-Z]|$)", text, re.MULTILINE)) <= targets
    known = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["dynamic_segmentation"]
    assert set(re.findall(r"\bvar\s`([a-z_]+)`", text)) <= set(known)
    files = re.findall(r"`((?:scripts|macros|models|seeds|snapshots|tests|docs)/[\w./-]+)`", text)
    places = (PROJECT, document.parent)  # an example's own files, or ours
    assert [file for file in files if not any((place / file).exists() for place in places)] == []


def test_input_contract_is_the_one_of_the_sources():
    from scripts.load_sources import contract

    text = (PROJECT / "docs" / "bring-your-own-data.md").read_text()
    said = dict(re.findall(r"^\| `((?:erp|sfa|crm|portal|market)_\w+)` \| (.*?) \|", text, re.MULTILINE))
    common = {"loaded_at", "is_deleted"}
    assert said == {
        table.name: ", ".join(
            column if required else f"{column}?" for column, required in table.columns.items() if column not in common
        )
        for table in contract().values()
    }


def test_reasons_of_rejection_are_all_explained():
    text = (PROJECT / "docs" / "bring-your-own-data.md").read_text()
    used = {"unparsable_date", "unparsable_number", "unparsable_boolean"}
    for file in [PROJECT / "macros/inputs/judged_rows.sql", *(PROJECT / "models/staging").rglob("base_*.sql")]:
        used |= set(re.findall(r"(?:then|'reason':)\s*'([a-z_]+)'", file.read_text()))
    used -= {"string"}  # the type of a column named reason
    assert {reason for reason in used if f"`{reason}`" not in text} == set()


ENTITIES = [("Stores", "store"), ("Reps", "rep"), ("Product groups", "product_group")]


@pytest.mark.parametrize(("heading", "entity_type"), ENTITIES)
def test_every_metric_is_defined(heading: str, entity_type: str):
    section = (PROJECT / "docs" / "metrics.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    names = re.findall(r"^\| `([\w<>]+)` \|", section, re.MULTILINE)
    said = {name.replace("<w>", window) for name in names for window in ("period", "quarter", "year")}
    published = yaml.safe_load((PROJECT / "scripts" / "published.yml").read_text())["tables"]
    columns = published[f"fct_{entity_type}_metrics"]["columns"]
    assert said == set(columns) - {f"{entity_type}_id", "period_index", "period_start_date"}


def test_the_metric_catalogue_is_made_from_the_yaml():
    from scripts.metric_catalogue import MARTS, PAGE, metrics_of, page

    text = PAGE.read_text()
    assert page(text) == text, "run: python -m scripts.metric_catalogue"
    for file in MARTS.values():
        assert all(metric.keys() == {"name", "definition", "unit", "source", "empty"} for metric in metrics_of(file))
