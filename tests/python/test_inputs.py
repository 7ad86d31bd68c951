"""Where the input comes from: each table missing, and each delivered by a model of that name.

The company has one row in each table of the contract, made from the contract itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, dbt, rows
from test_contract import sources

AS_OF = "2026-06-20"
# What a value of a column or a type is, so that the rows refer to each other and all of them count.
COLUMNS = {
    "entity_type": "store",
    "entity_id": "S1",
    "scheme": "value",
    "segment": "GOLD",
    "currency": "EUR",
    "metric": "footfall",
    "kpi": "facing_share",
    "valid_to": "",
    "closed_on": "",
    "left_on": "",
    "store_id": "S1",
    "order_id": "O1",
    "visit_id": "V1",
    "rep_id": "R1",
    "product_id": "P1",
}
TYPES = {"date": "2026-02-03", "timestamp": "2026-02-03T10:00", "boolean": "false", "integer": "1", "string": "x"}
STATUS = {"erp_orders": "placed", "sfa_visits": "done"}


def write_company(folder: Path) -> Path:
    folder.mkdir()
    for table, declared in sources().items():
        names = [column["name"] for column in declared["columns"]]
        values = [
            STATUS[table]
            if column["name"] == "status"
            else COLUMNS.get(column["name"], TYPES.get(column["data_type"], "1"))
            for column in declared["columns"]
        ]
        (folder / f"{table}.csv").write_text(",".join(names) + "\n" + ",".join(values) + "\n")
    return folder


def marts(warehouse: Path) -> dict[str, list[tuple]]:
    """Every mart's rows."""
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_schema = 'segmentation_build' order by 1"
        ).fetchall()
        return {
            name: sorted(
                con.execute(f"select * from segmentation_build.{name}").fetchall(),
                key=repr,
            )
            for (name,) in names
        }


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    data = write_company(folder / "data")
    dbt(["seed"], folder / "warehouse", data_dir=data, as_of_date=AS_OF)
    dbt(["run"], folder / "warehouse", as_of_date=AS_OF)
    return folder


def test_every_row_of_the_contract_counts(company):
    found = rows(
        company / "warehouse" / "build.duckdb",
        "select table_name, rows_in, rows_staged from segmentation_build.fct_input_ledger order by 1",
    )
    assert found == [(table, 1, 1) for table in sorted(sources())]


def test_models_of_the_tables_names_deliver_the_same(company):
    """As a user's project does: every table is a model upstream in the graph, and our own unit tests pass there."""
    project = company / "project"
    for name in ("models", "macros", "seeds", "snapshots", "tests/generic"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml", "selectors.yml"):
        shutil.copy(PROJECT / name, project / name)
    mapping = project / "models" / "mapping"
    mapping.mkdir()
    for table in sources():
        (mapping / f"{table}.sql").write_text(f"select * from raw.{table}\n")
    wanted = marts(company / "warehouse")
    shutil.copytree(company / "warehouse", company / "mapped", ignore=shutil.ignore_patterns("target"))
    outcome = dbt(
        ["build"],
        company / "mapped",
        variables={"inputs_from_models": sorted(sources())},
        as_of_date=AS_OF,
        DBT_PROJECT_DIR=project,
        DBT_PROFILES_DIR=project,
    )
    found = marts(company / "mapped")
    assert {name: found[name] for name in wanted} == wanted
    depends = {
        node: parents
        for row in outcome.result
        for node, parents in [(row.node.unique_id, row.node.depends_on_nodes)]
        if node == "model.dynamic_segmentation.base_erp__orders"
    }
    assert "model.dynamic_segmentation.erp_orders" in depends["model.dynamic_segmentation.base_erp__orders"]
