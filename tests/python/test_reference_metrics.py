"""Metrics and segments of random dirty companies equal the independent references, cell by cell.

DIRTY_SEED sets which companies. Month and week, with all tables and with some missing.
"""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta

import company_check
import pytest
import reference_metrics as reference
from conftest import Build, dbt
from dirty_company import DirtyCompany

SEED = int(os.environ.get("DIRTY_SEED", "20261122"))

STANDARDS = """\
standard_set,kpi,kind,pillar,weight,target,tolerance,is_must_have,valid_from,valid_to
DEFAULT,facing_share,at_least,shelf,30,39,,false,,
DEFAULT,assortment_count,at_least,assortment,25.5,10,,true,,{cut}
DEFAULT,assortment_count,at_least,assortment,7,20,,false,{cut},
DEFAULT,price_gap,within,price,15,0,0.05,false,,
DEFAULT,out_of_stock_count,at_most,availability,10,3,,false,,
DEFAULT,pos_material,yes_no,visibility,10,,,false,{cut},
modern,facing_share,at_least,shelf,1,0,,false,{cut},
modern,out_of_stock_count,at_most,availability,2,0,,true,{cut},
modern,price_gap,within,price,3,0.01,0.04,false,{cut},
LARGE-3PLUS-HIGH,facing_share,at_least,shelf,3,45,,false,,
LARGE-3PLUS-HIGH,price_gap,within,price,7,0,0.05,true,,
SMALL-1-LOW,pos_material,yes_no,visibility,1,,,false,,
"""

CASES = {
    "months": dict(as_of=date(2025, 12, 20), days=960),
    "weeks": dict(as_of=date(2025, 12, 18), days=800, grain="week"),
    "other_vars": dict(
        as_of=date(2025, 11, 3),
        days=960,
        variables=dict(
            key_account_level=2,
            min_portfolio_size=2,
            product_levels=["group", "product"],
            closing_lag_days=0,
            order_statuses=["invoiced"],
            must_have_cap=40,
            client_segments=["KEY", "ACTIVE"],
            reporting_currency="EUR",
            windows={"period": 1, "quarter": 4, "year": 10},
        ),
    ),
    "late_history": dict(
        as_of=date(2025, 12, 20),
        days=960,
        variables=dict(history_starts_on="2024-03-15", product_levels=["brand"]),
    ),
    "missing_tables": dict(
        as_of=date(2025, 12, 4),
        days=700,
        without=(
            "crm_interactions",
            "sfa_audit_answers",
            "market_category_sales",
            "sfa_store_assignments",
            "sfa_reps",
            "sfa_store_attributes",
            "crm_manual_segments",
        ),
    ),
}


def build_case(folder, name: str, seed: int = SEED, **overrides) -> tuple[Build, reference.Company, object]:
    case = {"grain": "month", "without": (), "variables": {}, **CASES[name], **overrides}
    dirty = DirtyCompany(seed, case["as_of"], case["days"])
    data = dirty.write(folder / "data", case["without"])
    policy = folder / "policy"
    shutil.copytree(company_check.SHIPPED_POLICY, policy)
    cut = case["as_of"] - timedelta(days=200)
    (policy / "perfect_store_standards.csv").write_text(STANDARDS.format(cut=cut))

    names = ("grain", "as_of")
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in case["variables"].items()}
    if "history_starts_on" in values:
        values["history_starts_on"] = date.fromisoformat(values["history_starts_on"])
    settings = reference.Settings(**{n: case[n] for n in names}, **values)
    company = reference.Company(
        reference.read_tables(data), settings, reference.read_policy(policy, company_check.SHIPPED_POLICY)
    )
    warehouse = folder / "warehouse"
    marts = [
        f"+fct_{e}_{m}" for e in company_check.ENTITIES for m in ("metrics", "segments_current", "segment_evidence")
    ]
    dbt(
        ["build", "--select", *marts, "--resource-type", "seed", "--resource-type", "model"],
        warehouse,
        variables={"company": "dirty", "period_grain": case["grain"], **case["variables"]},
        as_of_date=str(case["as_of"]),
        policy_dir=policy,
        data_dir=data,
    )
    return Build(warehouse, data), company, policy


@pytest.mark.parametrize("name", CASES)
def test_dirty_company(name, tmp_path):
    build, company, policy = build_case(tmp_path, name)
    metrics = company_check.compare_metrics(build, company)
    segments = company_check.compare_segments(build, company, policy)
    print(f"\n{metrics}\n{segments}")
    assert not metrics.differences and not segments.differences, f"{metrics}\n{segments}"
