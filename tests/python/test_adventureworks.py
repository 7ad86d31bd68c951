"""AdventureWorks, a company that others published: known totals, every metric, and every segment.

Totals are those that the source itself publishes; metrics are compared with reference_metrics.py, segments with
the sequential oracle.
"""

from __future__ import annotations

import importlib.util
from datetime import date
from decimal import Decimal
from pathlib import Path

import company_check
import pytest
import reference_metrics as reference
from conftest import Build, run_refresh

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "adventureworks"
POLICY = FIXTURE / "policy"
VARIABLES = {
    "company": "adventureworks",
    "top_client_scheme": "value",
    "top_client_segment": "GOLD",
    "dim_schemes": {"store": ["value", "lifecycle"], "rep": ["portfolio"], "product_group": ["sales_threshold", "abc"]},
}


def mapping():
    spec = importlib.util.spec_from_file_location("map_to_contract", FIXTURE / "map_to_contract.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Build:
    folder = tmp_path_factory.mktemp("adventureworks")
    data = mapping().map_to_contract(folder / "data")
    run_refresh(
        folder / "warehouse", DATA_DIR=data, POLICY_DIR=POLICY, AS_OF_DATE=mapping().AS_OF_DATE, variables=VARIABLES
    )
    return Build(folder / "warehouse", data)


@pytest.fixture(scope="module")
def company(build) -> reference.Company:
    settings = reference.Settings(
        as_of=date.fromisoformat(mapping().AS_OF_DATE),
        top_client_scheme=VARIABLES["top_client_scheme"],
        top_client_segment=VARIABLES["top_client_segment"],
    )
    policy = reference.read_policy(POLICY, company_check.SHIPPED_POLICY)
    return reference.Company(reference.read_tables(build.data_dir), settings, policy)


def test_reseller_sales_by_country(build):
    sales = dict(
        build.query("""
        select region, cast(round(sum(order_value_period), 2) as decimal(18, 2))
        from fct_store_metrics
        inner join dim_stores using (store_id)
        group by region
    """)
    )
    assert sales == {
        "Australia": Decimal("1594335.38"),
        "Canada": Decimal("14377925.60"),
        "France": Decimal("4607537.94"),
        "Germany": Decimal("1983988.04"),
        "United Kingdom": Decimal("4279008.83"),
        "United States": Decimal("53607801.21"),
    }


def test_reseller_sales_in_all(build):
    # the sum of the exact amounts is rounded once: the rounded countries add up to a cent more or less
    assert build.query("select round(sum(order_value_period), 2) from fct_store_metrics") == [(Decimal("80450596.98"),)]


def test_each_level_of_products_adds_up_to_the_same(build):
    totals = build.query("""
        select level, round(sum(sales_period), 2)
        from fct_product_group_metrics
        inner join dim_product_groups using (product_group_id)
        group by level
    """)
    assert {level for level, _ in totals} == {"category", "brand", "group", "product"}
    assert {total for _, total in totals} == {Decimal("80450596.98")}


def test_stores_that_never_ordered(build):
    assert build.query("select count(*) from dim_stores") == [(701,)]
    never = "select store_id from fct_store_metrics group by store_id having max(orders_period) = 0"
    assert build.query(f"select count(*) from ({never})") == [(66,)]
    prospects = "select store_id from dim_stores where lifecycle_segment = 'PROSPECT'"
    assert build.query(never + " order by 1") == build.query(prospects + " order by 1")


def test_all_input_is_accounted_for(build):
    ledger = {
        table: (rows_in, staged)
        for table, rows_in, staged in build.query(
            "select table_name, rows_in, rows_staged from fct_input_ledger where rows_in > 0"
        )
    }
    assert ledger["erp_orders"] == (3796, 3796)
    assert ledger["erp_order_lines"] == (60855, 60855)
    assert ledger["erp_stores"] == (701, 701)
    assert build.query("select count(*) from fct_rejected_rows") == [(0,)]


def test_every_metric_equals_the_reference(build, company):
    found = company_check.compare_metrics(build, company)
    print(f"\n{found}")
    assert not found.differences, str(found)


def test_every_segment_equals_the_oracle(build, company):
    found = company_check.compare_segments(build, company, POLICY)
    print(f"\n{found}")
    assert not found.differences, str(found)
