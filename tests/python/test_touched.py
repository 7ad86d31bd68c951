"""A daily build tests what it made anew; FULL_TESTS=1 tests everything. Unchanged files are not read again."""

from __future__ import annotations

import csv
import os
import shutil

import duckdb
import pytest
from conftest import SMALL_LAST_DAY, Build, dbt, run_refresh
from dirty_company import DirtyCompany, Size
from histories import LAST_DAY

METRICS = "segmentation_build.fct_store_metrics"
RECORD = "segmentation_build_refresh"


@pytest.fixture(scope="module")
def build(small_build, tmp_path_factory) -> Build:
    """The small company, built and published, in a warehouse of its own."""
    warehouse = tmp_path_factory.mktemp("touched") / "warehouse"
    shutil.copytree(small_build.warehouse, warehouse)
    return Build(warehouse, small_build.data_dir)


def refresh(build: Build, **options):
    return run_refresh(build.warehouse, DATA_DIR=build.data_dir, AS_OF_DATE=SMALL_LAST_DAY, **options)


def change(build: Build, *statements: str) -> None:
    with duckdb.connect(str(build.build_db)) as con:
        for sql in statements:
            con.execute(sql)


def spoil_published(build: Build) -> None:
    last_row = "rowid = (select max(rowid) from fct_store_metrics)"
    with duckdb.connect(str(build.published)) as con:
        con.execute("delete from fct_store_metrics where store_id = 'spoilt'")
        con.execute(f"update fct_store_metrics set store_id = 'spoilt' where {last_row}")


def spoilt_rows(build: Build) -> int:
    return build.query("select count(*) from fct_store_metrics where store_id = 'spoilt'")[0][0]


def test_a_build_with_nothing_new_makes_nothing_anew_and_reads_no_file(build):
    """What is on record of an input is spoilt: a build that read the files would find every row changed. So is
    what is published, unseen: a build that wrote it anew would mend it."""
    change(build, f"update {RECORD}.base_erp__orders__buckets set content = 0")
    stat = build.published.stat()
    spoil_published(build)
    os.utime(build.published, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    said = refresh(build).stdout
    assert "No period that is judged was touched" in said
    assert build.summary["made_anew"] == {"inputs": {}, "tables": {}}
    assert build.query_build(f"select sum(content) from {RECORD}.base_erp__orders__buckets") == [(0,)]
    assert spoilt_rows(build) == 1


def test_what_others_have_written_to_is_published_anew(build):
    """A row twice, in the first period, is found by a full test alone: on an ordinary day nobody looks there."""
    spoil_published(build)
    change(build, f"insert into {METRICS} from (from {METRICS} order by period_index limit 1)")
    refresh(build)
    assert spoilt_rows(build) == 0
    refused = refresh(build, check=False, FULL_TESTS=1)
    assert refused.returncode and "unique_combination_fct_store_metrics" in refused.stdout, refused.stdout


def test_what_an_unpublished_build_touched_is_tested_by_the_next(build):
    """A build that was killed before its tests leaves word of what it made."""
    change(
        build,
        f"insert into {RECORD}.touched_periods select 'model.dynamic_segmentation.fct_store_metrics',"
        f" min(period_index), 'planted', localtimestamp from {METRICS}",
    )
    refused = refresh(build, check=False)
    assert refused.returncode and "unique_combination_fct_store_metrics" in refused.stdout, refused.stdout


@pytest.mark.parametrize("noticing", ["content", "counts"])
def test_what_is_noticed(tmp_path, noticing):
    """A text changed in place is seen by its content alone, a row more by counts too."""
    data = DirtyCompany("noticing", LAST_DAY, 200, Size(orders=60)).write(tmp_path / "data", without=("erp_stores",))
    stores = [{"store_id": f"S{n}", "store_name": "A store", "channel": "modern"} for n in range(9)]

    def channels() -> dict[str, str]:
        with open(data / "erp_stores.csv", "w", newline="") as handle:
            writer = csv.DictWriter(handle, list(stores[0]))
            writer.writeheader()
            writer.writerows(stores)
        dbt(
            ["build", "--select", "base_erp__stores", "stg_erp__stores"],
            tmp_path / "warehouse",
            data_dir=data,
            as_of_date=str(LAST_DAY),
            variables={"noticing": noticing},
        )
        with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as con:
            return dict(
                con.execute("select store_id, channel from segmentation_build_staging.stg_erp__stores").fetchall()
            )

    assert channels()["S3"] == "modern"
    stores[3]["channel"] = "petrol"
    assert channels()["S3"] == ("petrol" if noticing == "content" else "modern")
    stores.append({"store_id": "S9", "store_name": "A new store", "channel": "horeca"})
    assert channels()["S9"] == "horeca"
    del stores[0]
    assert "S0" not in channels()
