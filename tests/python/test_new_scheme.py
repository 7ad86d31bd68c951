"""A new segmentation on known metrics is lines in three CSV files, and no SQL."""

from __future__ import annotations

from conftest import PROJECT, dbt, rows
from test_inputs import AS_OF, write_company

LINES = {
    "schemes": ["store,buyer,rules,,,,,,,Buyer,Whether a store bought lately"],
    "segments": ["store,buyer,SLEEPING,1,1,true,Sleeping,", "store,buyer,BUYING,2,2,,Buying,"],
    "segment_rules": ["store,buyer,BUYING,bought,orders_quarter,>=,1,,,,,,*,,"],
}


def test_a_new_scheme_needs_lines_only(tmp_path):
    policy = tmp_path / "policy"
    policy.mkdir()
    for name, lines in LINES.items():
        shipped = (PROJECT / "seeds" / "policy" / f"{name}.csv").read_text().rstrip("\n")
        (policy / f"{name}.csv").write_text("\n".join([shipped, *lines]) + "\n")
    data = write_company(tmp_path / "data")
    dbt(["seed"], tmp_path / "warehouse", data_dir=data, policy_dir=policy, as_of_date=AS_OF)
    dbt(["run"], tmp_path / "warehouse", policy_dir=policy, as_of_date=AS_OF)
    # the store's only order is in February: it counts for the quarter that ends in April
    assert rows(
        tmp_path / "warehouse" / "build.duckdb",
        """
        select strftime(period_start_date, '%m'), segment, reason
        from segmentation_build.fct_store_segment_history where scheme = 'buyer' order by 1
        """,
    ) == [
        ("02", "BUYING", "first"),
        ("03", "BUYING", "kept"),
        ("04", "BUYING", "kept"),
        ("05", "SLEEPING", "demoted"),
    ]
