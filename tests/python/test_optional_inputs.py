"""A company without one of the optional tables, each in turn: everything is still built, and only the metrics that the
catalogue says are made of that table change; those made of it alone become unobserved."""

from __future__ import annotations

import shutil

import duckdb
import pytest
from conftest import dbt

from scripts.generate_sample_data import TABLES, generate
from scripts.metric_catalogue import MARTS, metrics_of

REQUIRED = {"erp_stores", "erp_products", "erp_orders", "erp_order_lines"}
OPTIONAL = sorted(TABLES.keys() - REQUIRED)
ENTITIES = dict(zip(("store", "rep", "product_group"), MARTS.values(), strict=True))
# Who lives, and who is whose client, follows from these; what depends on segments is not a metric's own table.
MAKE_REPS = {"sfa_reps", "sfa_store_assignments"}
NO_TESTS = ["--exclude-resource-type", "test"]
# What metrics lead to is no metric.
CONSEQUENCES = ["--exclude", "path:models/marts/activation", "path:models/intermediate/activation"]
POLICY_THAT_KNOWS_TABLES = ["policy_known_metrics", "policy_problems_metrics", "policy_gate"]
OF_SEGMENTS = "the published segments of the stores"


def tables_of(metric: dict[str, str]) -> set[str]:
    return {word.strip(" ,") for word in metric["source"].split()} & TABLES.keys()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("optional")
    generate(folder / "whole", stores=60, months=15)
    return folder


def build(folder, without: set[str], *choice: str) -> dict[str, dict[tuple, dict]]:
    """The metrics of all entities of the company without these tables, in the warehouse of the build before."""
    data = folder / ("without-" + "-".join(sorted(without))[:80])
    data.mkdir()
    for table in TABLES.keys() - without:
        (data / table).symlink_to(folder / "whole" / table, target_is_directory=True)
    dbt(
        ["build", *choice, "--exclude-resource-type", "unit_test", "--exclude-resource-type", "snapshot"],
        folder / "warehouse",
        data_dir=data,
        as_of_date="2026-10-06",
    )
    found = {}
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb"), read_only=True) as con:
        for entity in ENTITIES:
            made = con.execute(f"select * from segmentation_build.fct_{entity}_metrics")
            names = [column[0] for column in made.description]
            found[entity] = {row[:2]: dict(zip(names, row, strict=True)) for row in made.fetchall()}
        judged = con.execute("select count(*) from segmentation_build.fct_store_segment_history").fetchone()[0]
        ledger = "select table_name from segmentation_build.fct_input_ledger where rows_in = 0"
        empty = {table for (table,) in con.execute(ledger).fetchall()}
    assert judged and found["store"] and empty == without
    return found


def test_only_its_own_metrics_become_unobserved(company):
    whole = build(company, set(), *NO_TESTS, *CONSEQUENCES)
    built = company / "warehouse" / "build.duckdb"
    shutil.copyfile(built, company / "whole.duckdb")
    problems = []
    for table in OPTIONAL:
        # all that can know of the table; the rest is as the whole company's build left it
        shutil.copyfile(company / "whole.duckdb", built)
        base = f"base_{table.replace('_', '__', 1)}+"
        choice = [*NO_TESTS, *CONSEQUENCES, "--select", base, *POLICY_THAT_KNOWS_TABLES]
        without = build(company, {table}, *choice)
        for entity, file in ENTITIES.items():
            if entity == "rep" and table in MAKE_REPS:
                continue
            rows, before = without[entity], whole[entity]
            if rows.keys() != before.keys():
                problems.append(f"without {table}: other {entity} periods")
                continue
            for metric in metrics_of(file):
                name, sources = metric["name"], tables_of(metric)
                changed = sum(rows[key][name] != before[key][name] for key in rows)
                if changed and table not in sources and OF_SEGMENTS not in metric["source"]:
                    problems.append(f"without {table}: {entity}.{name} changed in {changed} rows")
                if sources == {table}:
                    if not any(before[key][name] is not None for key in before):
                        problems.append(f"{entity}.{name} has no value to lose")
                    if any(rows[key][name] is not None for key in rows):
                        problems.append(f"without {table}: {entity}.{name} still has values")
    assert not problems, "\n".join(problems)


def test_the_required_tables_alone(company):
    """All optional tables dropped: every test passes, and every metric made of them alone is unobserved."""
    without = build(company, set(OPTIONAL))
    for metric in metrics_of(ENTITIES["store"]):
        values = {row[metric["name"]] for row in without["store"].values()}
        sources = tables_of(metric)
        if not sources & REQUIRED and metric["empty"] != "never":
            assert values == {None}, metric["name"]
