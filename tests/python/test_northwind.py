"""Northwind, built the way a user would: a dbt project of its own with this one as a package, week by week.

Totals are computed here from the Parquet files alone. Metrics are compared with reference_metrics.py, segments with
the sequential oracle. What a user may override from outside is overridden: a model, and all names.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import company_check
import duckdb
import pytest
import reference_metrics as reference
import yaml
from conftest import PROJECT, Build, dbt

EXAMPLE = PROJECT / "examples" / "northwind"
DATA = EXAMPLE / "data"
LAST_CLOSED_SUNDAY = date(1998, 5, 3)  # as_of_date is the Thursday after it, and three days late paper is waited for


def own_rows(table: str) -> list[dict]:
    """The rows of a file as Northwind has it."""
    with duckdb.connect() as con:
        found = con.execute(f"select * from read_parquet('{DATA / table}.parquet')")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row)) for row in found.fetchall()]


def net_amount(line: dict) -> Decimal:
    return Decimal(str(line["unit_price"])) * line["quantity"] * (1 - Decimal(str(line["discount"])))


@pytest.fixture(scope="module")
def build(northwind_build) -> Build:
    return northwind_build


# --- totals --------------------------------------------------------------------------------------------


def test_all_input_is_accounted_for(build):
    ledger = build.query("select table_name, rows_in, rows_staged from fct_input_ledger where rows_in > 0 order by 1")
    assert ledger == [
        (contract, len(own_rows(own)), len(own_rows(own)))
        for contract, own in [
            ("erp_order_lines", "order_lines"),
            ("erp_orders", "orders"),
            ("erp_products", "products"),
            ("erp_stores", "stores"),
            ("sfa_reps", "sales_reps"),
        ]
    ]
    assert build.query("select count(*) from fct_rejected_rows") == [(0,)]


def test_net_revenue_by_country(build):
    country = {customer["customer_id"]: customer["country"] for customer in own_rows("stores")}
    closed = {o["order_id"]: o["customer_id"] for o in own_rows("orders") if o["order_date"] <= LAST_CLOSED_SUNDAY}
    wanted = defaultdict(Decimal)
    for line in own_rows("order_lines"):
        if line["order_id"] in closed:
            wanted[country[closed[line["order_id"]]]] += net_amount(line)
    published = build.query("""
        select dim_customers.region, sum(fct_store_metrics.order_value_period)
        from fct_store_metrics
        inner join dim_customers on fct_store_metrics.store_id = dim_customers.store_id
        group by dim_customers.region
    """)
    assert {region: value for region, value in published if value} == dict(wanted)


def test_net_revenue_in_all(build):
    # what is quoted for Northwind everywhere is 1,265,793.04
    total = sum(net_amount(line) for line in own_rows("order_lines"))
    assert total == Decimal("1265793.0395")
    lines = relation(build, "stg_erp__order_lines")
    assert build.query_build(f"select sum(net_amount) from {lines}") == [(total,)]


def test_customers_that_never_ordered(build):
    never = {c["customer_id"] for c in own_rows("stores")} - {o["customer_id"] for o in own_rows("orders")}
    prospects = build.query("select store_id from dim_customers where lifecycle_segment = 'PROSPECT'")
    assert {store for (store,) in prospects} == never == {"FISSA", "PARIS"}


def test_weeks_without_gaps(build):
    weeks = build.query("select distinct period_start_date from fct_store_metrics order by 1")
    first = date(1996, 7, 1)
    assert weeks == [(first + timedelta(weeks=n),) for n in range(len(weeks))]
    assert weeks[-1] == (LAST_CLOSED_SUNDAY - timedelta(days=6),)
    assert build.summary["last_closed_period"]["period_end_date"] == LAST_CLOSED_SUNDAY.isoformat()


# --- references ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def company(build, tmp_path_factory) -> reference.Company:
    """What the mapping models deliver, and the assignments that the replaced model stands for."""
    folder = tmp_path_factory.mktemp("contract")
    with duckdb.connect(str(build.build_db), read_only=True) as con:
        for table in project_vars()["inputs_from_models"]:
            con.execute(f"copy (from {relation(build, table)}) to '{folder / table}.parquet'")
    tables = reference.read_tables(folder)
    tables["sfa_store_assignments"] = [
        {
            "store_id": order["customer_id"],
            "rep_id": str(order["employee_id"]),
            "valid_from": order["order_date"],
            "valid_to": monday(order["order_date"]) + timedelta(weeks=52),
        }
        for order in own_rows("orders")
    ]
    company = company_of(tables)
    # the table itself is missing: a rep of whom the replaced model has no clients is unobserved, not without clients
    company.missing.add("sfa_store_assignments")
    return company


def project_vars() -> dict:
    return yaml.safe_load((EXAMPLE / "dbt_project.yml").read_text())["vars"]["dynamic_segmentation"]


def company_of(tables: dict) -> reference.Company:
    own = project_vars()
    settings = reference.Settings(
        as_of=date.fromisoformat(own["as_of_date"]),
        grain="week",
        product_levels=tuple(own["product_levels"]),
        top_client_scheme=own["top_client_scheme"],
        top_client_segment=own["top_client_segment"],
    )
    policy = reference.read_policy(EXAMPLE / "seeds", company_check.SHIPPED_POLICY)
    return reference.Company(tables, settings, policy)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def test_every_metric_equals_the_reference(build, company):
    found = company_check.compare_metrics(build, company)
    print(f"\n{found}")
    assert not found.differences, str(found)


def test_every_segment_equals_the_oracle(build, company):
    found = company_check.compare_segments(build, company, EXAMPLE / "seeds")
    print(f"\n{found}")
    assert not found.differences, str(found)


# --- a model replaced from outside ---------------------------------------------------------------------


def test_the_replaced_model_changes_a_published_number(build):
    """Nobody is assigned to anybody, so by the package's model no rep would have a ratio. By Northwind's own, the
    clients are the customers who ordered from the rep in the trailing 52 weeks."""
    assert build.query("select rows_in from fct_input_ledger where table_name = 'sfa_store_assignments'") == [(0,)]
    segments = {
        (scheme, store): segment
        for scheme, store, segment in build.query(
            "select scheme, store_id, segment from fct_store_segment_history where period_start_date = ?",
            [monday(LAST_CLOSED_SUNDAY)],
        )
    }
    clients = defaultdict(set)
    for order in own_rows("orders"):
        is_recent = monday(LAST_CLOSED_SUNDAY) - timedelta(weeks=51) <= order["order_date"] <= LAST_CLOSED_SUNDAY
        if is_recent and segments[("lifecycle", order["customer_id"])] in ("NEW", "ACTIVE", "KEY"):
            clients[str(order["employee_id"])].add(order["customer_id"])
    wanted = {}
    for rep, stores in clients.items():
        gold = sum(segments[("value", store)] == "GOLD" for store in stores)
        wanted[rep] = (Decimal(gold) / len(stores)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    published = build.query(
        "select rep_id, top_client_ratio from fct_rep_metrics where period_start_date = ?", [monday(LAST_CLOSED_SUNDAY)]
    )
    assert dict(published) == wanted
    assert len(wanted) == 9 and all(wanted.values())


def test_the_package_reads_the_replaced_model_and_seeds(build):
    nodes = build.manifest["nodes"]
    reader = nodes["model.dynamic_segmentation.int_rep_portfolio"]
    assert "model.northwind.int_rep_clients" in reader["depends_on"]["nodes"]
    assert "model.dynamic_segmentation.int_rep_clients" not in nodes
    # the package's YAML describes and types what takes the place of its own
    for node in ("model.northwind.int_rep_clients", "seed.northwind.segment_rules"):
        assert nodes[node]["description"] and all(column["description"] for column in nodes[node]["columns"].values())
    assert set(nodes["seed.northwind.segment_rules"]["config"]["column_types"].values()) == {"text"}


# --- every name changed from outside -------------------------------------------------------------------

ALIASES = {
    # each the beginning of the next: nothing may take one for the other
    "fct_store_segment_evidence": "customer",
    "fct_store_segment_history": "customer_segment",
    "fct_store_segments_current": "customer_segments",
}
GENERATE_SCHEMA_NAME = """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
"""


@pytest.fixture(scope="module")
def renamed(tmp_path_factory) -> Build:
    """The same project by a plain `dbt build`, with other schemas, aliases, quoting and raw tables. One of the
    contract's tables stands in the warehouse as it is, under a name of its own."""
    folder = tmp_path_factory.mktemp("renamed")
    own_files = shutil.ignore_patterns("dbt_packages", "target", "logs", "data", "warehouse*")
    shutil.copytree(EXAMPLE, folder / "project", ignore=own_files)
    (folder / "project" / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(PROJECT)}]}))
    file = folder / "project" / "dbt_project.yml"
    project = yaml.safe_load(file.read_text())
    models = project["models"]["dynamic_segmentation"]
    # rows with contact data go where they are told, not with their folder
    models["staging"] = {"+schema": "landing", "erp": {"base": {"base_erp__stores": {"+schema": "private"}}}}
    models["policy"] = {"+schema": "rules"}
    models["intermediate"]["+schema"] = "work"
    models["marts"]["+schema"] = "gold"
    models["marts"]["stores"] |= {name: {"+alias": alias} for name, alias in ALIASES.items()}
    project["models"]["northwind"]["mapping"]["sfa_reps"] = {"+enabled": False}
    project["snapshots"] = {
        "dynamic_segmentation": {"+schema": "kept", "snap_store_segments": {"+alias": "customers_as_published"}}
    }
    project["quoting"] = {"database": False, "schema": False, "identifier": False}
    project["vars"] |= {"raw_schema": "lake", "raw_identifiers": {"sfa_reps": "sales_people"}}
    project["vars"]["dynamic_segmentation"]["inputs_from_models"].remove("sfa_reps")
    file.write_text(yaml.safe_dump(project))
    (folder / "project" / "macros").mkdir(exist_ok=True)
    (folder / "project" / "macros" / "generate_schema_name.sql").write_text(GENERATE_SCHEMA_NAME)
    renamed = Build(folder / "warehouse", DATA)
    renamed.warehouse.mkdir()
    with duckdb.connect(str(renamed.build_db)) as con:
        con.execute("create schema lake")
        for path in sorted(DATA.glob("*.parquet")):
            con.execute(f"create view lake.{path.stem} as from read_parquet('{path}')")
        con.execute("""
            create view lake.sales_people as
            select
                cast(employee_id as varchar) as rep_id,
                first_name || ' ' || last_name as rep_name,
                region_description as region,
                cast(reports_to as varchar) as manager_id,
                hire_date as hired_on
            from lake.sales_reps
            inner join (
                select distinct employee_id, region_description
                from lake.employee_territories
                inner join lake.territories using (territory_id)
                inner join lake.region using (region_id)
            ) using (employee_id)
        """)
    settings = {"DBT_PROJECT_DIR": folder / "project"}
    dbt(["deps"], renamed.warehouse, **settings)
    dbt(["build", "--exclude-resource-type", "unit_test"], renamed.warehouse, **settings)
    # a table that is there already is rebuilt under another name first
    dbt(["run", "--full-refresh", "--select", "fct_store_segment_history"], renamed.warehouse, **settings)
    dbt(["build", "--select", "resource_type:snapshot+"], renamed.warehouse, **settings)
    return renamed


@cache
def relations(build: Build) -> dict[str, str]:
    return {node["name"]: f"{node['schema']}.{node['alias']}" for node in build.manifest["nodes"].values()}


def relation(build: Build, name: str) -> str:
    return relations(build)[name]


def test_all_names_are_the_users(renamed):
    assert relation(renamed, "fct_store_segment_history") == "gold.customer_segment"
    assert relation(renamed, "snap_store_segments") == "kept.customers_as_published"
    assert relation(renamed, "stg_erp__stores") == "landing.stg_erp__stores"
    assert relation(renamed, "base_erp__stores") == "private.base_erp__stores"
    schemas = {node["schema"] for node in renamed.manifest["nodes"].values() if node["resource_type"] != "test"}
    assert not {schema for schema in schemas if schema.startswith("segmentation_build_")}


PUBLISHED = yaml.safe_load((PROJECT / "scripts" / "published.yml").read_text())["tables"]
# When a run was made is the run's own.
OF_THE_RUN = ["published_at", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from"]


@pytest.mark.parametrize("table", sorted(PUBLISHED.keys() - {"fct_runs"}))
def test_other_names_change_no_row(build, renamed, table):
    columns = ", ".join(f'"{column}"' for column in PUBLISHED[table]["columns"] if column not in OF_THE_RUN)
    with duckdb.connect() as con:
        con.execute(f"attach '{build.build_db}' as ours (read_only); attach '{renamed.build_db}' as theirs (read_only)")
        ours, theirs = (
            f"(select {columns} from {place}.{relation(of, table)})"
            for place, of in (("ours", build), ("theirs", renamed))
        )
        assert con.execute(f"{ours} except all {theirs}").fetchall() == []
        assert con.execute(f"{theirs} except all {ours}").fetchall() == []


def test_what_is_renamed_is_published_under_the_new_name(build):
    assert build.query("select count(*) from dim_customers") == [(len(own_rows("stores")),)]


def test_the_licence_goes_with_the_data():
    assert "MIT License" in (DATA / "LICENSE.microsoft-sql-server-samples.txt").read_text()
