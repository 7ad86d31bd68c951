"""make build as a user meets it: what it refuses, what survives a failure, what is carried on."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT, SMALL_LAST_DAY, Build, clean_environment, rows, run_refresh
from test_replay import published, published_anew

from scripts.backup import restore_copy, save_copy
from scripts.duckdb_warehouse import DuckDBWarehouse as Warehouse
from scripts.policy_files import KEY_COLUMNS, SHIPPED, lines_of
from scripts.warehouse import RefreshError, carried_tables, published_spec

CARRIED = [name for name in carried_tables() if name != "fct_runs"]
SNAPSHOTS = [name for name in CARRIED if name.startswith("snap_")]


def refresh(build: Build, **options):
    return run_refresh(build.warehouse, **{"DATA_DIR": build.data_dir, "AS_OF_DATE": SMALL_LAST_DAY} | options)


@pytest.fixture
def copy(small_build, tmp_path) -> Build:
    """A copy of the small company's warehouse that a test may change."""
    shutil.copytree(small_build.warehouse, tmp_path / "warehouse")
    return Build(tmp_path / "warehouse", small_build.data_dir)


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def refused(build: Build, **options) -> str:
    """The message of a refresh that must fail, and must leave the published file alone."""
    before = digest(build.published)
    done = refresh(build, check=False, **options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert digest(build.published) == before
    return done.stdout


# --- refused before anything is touched ----------------------------------------------------------


def test_one_warehouse_holds_one_company(small_build):
    message = refused(small_build, DATA_DIR=None)
    assert "'small_company'" in message and "'sample'" in message and "WAREHOUSE_DIR=" in message
    message = refused(small_build, variables={"company": "another"})
    assert "'another'" in message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"AS_OF_DATE": "20.10.2026"}, "YYYY-MM-DD"),
        ({"DATA_DIR": "/nowhere/at_all", "variables": {"company": "small_company"}}, "no folder /nowhere/at_all"),
        ({"POLICY_DIR": "/nowhere/at_all"}, "no folder /nowhere/at_all"),
        ({"TARGET": "oracle"}, "none of duckdb and postgres"),
        ({"VARS": "[1, 2]"}, "no JSON object"),
        ({"VARS": "{"}, "not JSON"),
    ],
)
def test_a_mistyped_argument_is_named(small_build, options, expected):
    assert expected in refused(small_build, **options)


def test_the_projects_own_folder_is_no_warehouse():
    done = run_refresh(PROJECT, check=False)
    assert done.returncode == 1 and "folder of its own" in done.stdout


def test_an_unknown_policy_file_is_refused_with_the_name_it_may_mean(small_build, tmp_path):
    (tmp_path / "segmnts.csv").write_text("entity_type\n")
    message = " ".join(refused(small_build, POLICY_DIR=tmp_path).split())
    assert "segmnts.csv" in message and "segments.csv" in message


def test_a_folder_without_the_required_tables_is_refused(small_build, tmp_path):
    message = refused(small_build, DATA_DIR=tmp_path, variables={"company": "small_company"})
    assert "erp_" in message


def test_a_second_build_at_the_same_time_is_told(small_build):
    with open(small_build.warehouse / ".lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "Another build" in refused(small_build)


# --- failed and killed builds --------------------------------------------------------------------


def test_a_policy_mistake_is_shown_with_its_line(copy, tmp_path):
    policy = tmp_path / "policy"
    policy.mkdir()
    lines = (SHIPPED / "segments.csv").read_text().splitlines()
    cells = lines[2].split(",")
    position = lines[0].split(",").index("precedence")
    lines[2] = ",".join([*cells[:position], "high", *cells[position + 1 :]])
    (policy / "segments.csv").write_text("\n".join(lines) + "\n")
    given = digest(policy / "segments.csv")
    message = refused(copy, POLICY_DIR=policy)
    assert digest(policy / "segments.csv") == given
    assert "segments.csv, line 3" in message and "Fix:" in message and "|".join(cells[:3]) in message


def test_a_killed_build_is_never_published_nor_trusted(copy):
    before = digest(copy.published)
    kept = {name: copy.query(f"select * from {name} order by all") for name in CARRIED}
    killed = subprocess.Popen(
        [sys.executable, "-m", "scripts.refresh"],
        cwd=PROJECT,
        env=clean_environment(WAREHOUSE_DIR=copy.warehouse, DATA_DIR=copy.data_dir, AS_OF_DATE=SMALL_LAST_DAY),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    results = copy.warehouse / "target" / "run_results.json"
    wait_until(lambda: not results.exists())  # dbt has begun
    time.sleep(4)
    killed.kill()
    killed.wait()
    wait_until(lambda: is_free(copy.warehouse))  # its dbt ends by itself
    assert digest(copy.published) == before

    # Whatever an unpublished build left behind: rows that never were, and one killed while publishing.
    with duckdb.connect(str(copy.build_db)) as con:
        for name in SNAPSHOTS:
            con.execute(f"update segmentation_build.{name} set segment = 'NEVER_PUBLISHED'")
        con.execute("update segmentation_build.fct_treatment_ledger set event = 'withdrawn'")
        con.execute("delete from segmentation_build.fct_signal_log")
        con.execute("insert into segmentation_build.fct_runs (run_id) values ('never published')")
    (copy.warehouse / ".publishing-1").mkdir()

    # A reader holds the old file open while the next build publishes.
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(copy.published)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout.readline().strip() == "1"
    refresh(copy)
    answer, _ = reader.communicate("again\n")
    assert answer.strip() == "1"

    assert not list(copy.warehouse.glob(".publishing-*"))
    runs = copy.query("select company, as_of_date, is_snapshot_taken from fct_runs order by published_at")
    assert runs == [("small_company", SMALL_LAST_DAY, True)] * 2
    moments = copy.query("select count(distinct published_at), count(distinct run_id) from fct_runs")
    assert moments == [(2, 2)]
    for name in CARRIED:
        assert copy.query(f"select * from {name} order by all") == kept[name]


READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
count = lambda: print(con.execute("select count(*) from fct_runs").fetchone()[0], flush=True)
count()
sys.stdin.readline()
count()
"""


HOLDER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.readline()
"""


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_free(warehouse: Path) -> bool:
    with open(warehouse / ".lock") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_damaged_build_database_is_made_anew(tmp_path):
    warehouse = Warehouse(tmp_path)
    warehouse.build_db.write_bytes(b"no database" * 1000)
    assert "from scratch" in warehouse.prepare_build("any")
    assert warehouse.prepare_build("any") is None
    # Nothing is published, so another company may take the folder, and finds nothing of the first.
    with duckdb.connect(str(warehouse.build_db)) as con:
        con.execute("create table of_the_first as select 1 as one")
    assert "from scratch" in warehouse.prepare_build("other")
    assert rows(warehouse.build_db, "select 1 from information_schema.tables where table_name = 'of_the_first'") == []


def test_a_build_database_in_use_is_left_alone(copy):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(copy.build_db)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "open\n"
        assert "open in another program" in refused(copy)
    finally:
        holder.kill()
        holder.wait()


# --- carried on ----------------------------------------------------------------------------------


def test_a_day_before_the_last_published_one_takes_no_snapshot(copy):
    kept = {name: copy.query(f"select * from {name} order by all") for name in CARRIED}
    earlier = SMALL_LAST_DAY - dt.timedelta(days=60)
    done = refresh(copy, AS_OF_DATE=earlier)
    assert "snapshots stay as they are" in " ".join(done.stdout.split())
    assert copy.query("select as_of_date, is_snapshot_taken from fct_runs order by as_of_date") == [
        (earlier, False),
        (SMALL_LAST_DAY, True),
    ]
    assert {name: copy.query(f"select * from {name} order by all") for name in CARRIED} == kept
    assert copy.summary["as_of_date"] == earlier.isoformat()
    assert published(copy) == published_anew(copy), "what is written on top is what a whole writing gives"


def test_a_published_file_holds_what_is_listed_and_nothing_else(small_build):
    spec = published_spec()["tables"]
    found: dict[str, list[str]] = {}
    for table, column in small_build.query(
        "select table_name, column_name from information_schema.columns order by table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(column)
    assert set(found) == set(spec)
    for name, table in spec.items():
        listed = list(table["columns"])
        more = found[name][len(listed) :]
        assert found[name][: len(listed)] == listed
        assert all("pattern" in table and column.endswith("_segment") for column in more)
    assert not {"contact_email", "contact_phone", "email"} & {
        column for columns in found.values() for column in columns
    }


def test_evidence_is_published_for_the_last_periods_and_every_change(small_build):
    for entity in ("store", "rep", "product_group"):
        evidence, history = f"fct_{entity}_segment_evidence", f"fct_{entity}_segment_history"
        conditions = f"""
            with wanted as (
                select count(*) as rows from b.segmentation_build.{evidence} as e
                where period_index > (select max(period_index) - 13 from b.segmentation_build.{evidence})
                    or ({entity}_id, scheme, period_index) in (
                        select ({entity}_id, scheme, period_index) from b.segmentation_build.{history} where is_change
                    )
            )
            select wanted.rows, (select count(*) from p.{evidence}) from wanted"""
        with duckdb.connect() as con:
            con.execute(f"attach '{small_build.build_db}' as b (read_only)")
            con.execute(f"attach '{small_build.published}' as p (read_only)")
            wanted, published = con.execute(conditions).fetchone()
        assert published == wanted


def test_the_published_file_is_readable_for_older_tools(small_build):
    tags = rows(small_build.published, "select tags from duckdb_databases() where not internal")
    assert "v1.4.0" in str(tags)


# --- the summary ---------------------------------------------------------------------------------


def test_the_summary_says_what_was_published(sample_build):
    summary = sample_build.summary
    assert summary["company"] == "sample"
    assert summary["last_closed_period"]["period_end_date"] < summary["as_of_date"]
    assert summary["next_period"]["closes_on"] > summary["as_of_date"]
    assert {(row["entity_type"], row["scheme"]) for row in summary["schemes"]} >= {
        ("store", "value"),
        ("rep", "portfolio"),
        ("product_group", "abc"),
    }
    for row in summary["schemes"]:
        table = f"fct_{row['entity_type']}_segments_current"
        counted = dict(
            sample_build.query(
                f"select segment, count(*) from {table} where scheme = ? and is_active group by 1", [row["scheme"]]
            )
        )
        assert row["segments"] == counted
        assert row["entities"] == sum(counted.values())
        history = f"fct_{row['entity_type']}_segment_history"
        for reason in ("promoted", "demoted", "moved", "held", "waiting", "unobserved"):
            assert sample_build.query(
                f"select count(*) from {history} where scheme = ? and reason = ? and period_start_date = ?",
                [row["scheme"], reason, summary["last_closed_period"]["period_start_date"]],
            ) == [(row[reason],)]
    rejected = sample_build.query("select count(*) from fct_rejected_rows")[0][0]
    assert sum(row["rows"] for row in summary["rejected_rows"]) == rejected
    record = json.loads(sample_build.query("select input_counts from fct_runs")[0][0])
    assert sum(row["rows_rejected"] for row in record.values()) == rejected


def test_a_key_leads_to_its_lines(tmp_path):
    header = ",".join(KEY_COLUMNS["segment_rules.csv"])
    text = f'{header}\nstore,value,GOLD,1,m,>=,*,\n\nstore,value,GOLD,1,m,>=,,2026-01-01\nstore,"va\nlue",A,1,m,>=,*,\n'
    file = tmp_path / "segment_rules.csv"
    file.write_text(text + "store,value,TOP,1,m,>=,*,\n")
    assert lines_of(file, "store|value|GOLD|1|m|>=|*|") == [2]
    assert lines_of(file, "store|value|GOLD|1|m|>=|*|2026-01-01") == [4]
    assert lines_of(file, "store|value|GOLD") == [2, 4]
    assert lines_of(file, "store|value|TOP") == [7]
    assert lines_of(file, "store|nothing") == []


# --- backup, restore, clean, and the scheduled refresh -------------------------------------------


def test_backup_and_restore_bring_back_the_same_file(copy, tmp_path):
    warehouse = Warehouse(copy.warehouse)
    before = digest(copy.published)
    saved = save_copy(warehouse)
    named = save_copy(warehouse, tmp_path / "kept" / "file.duckdb")
    assert digest(saved) == digest(named) == before
    with pytest.raises(RefreshError, match="exists"):
        save_copy(warehouse, named)

    copy.published.write_bytes(b"damaged")
    done = refresh(copy, check=False)
    assert done.returncode == 1 and "make restore" in done.stdout
    assert restore_copy(warehouse) == saved
    assert digest(copy.published) == before

    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"damaged")
    with pytest.raises(RefreshError, match="cannot be opened"):
        restore_copy(warehouse, damaged)
    assert digest(copy.published) == before


def test_a_backup_of_another_company_is_not_restored(copy, tmp_path):
    other = tmp_path / "other.duckdb"
    shutil.copyfile(copy.published, other)
    with duckdb.connect(str(other)) as con:
        con.execute("update fct_runs set company = 'other'")
    with pytest.raises(RefreshError, match="'other'"):
        restore_copy(Warehouse(copy.warehouse), other)


def clean(warehouse: Path, checkout: Path) -> None:
    """make clean in a checkout of its own: in this one other tests are building."""
    (checkout / "scripts").mkdir(parents=True)
    (checkout / "tests").mkdir()
    shutil.copy(PROJECT / "scripts" / "clean.sh", checkout / "scripts")
    subprocess.run(["sh", "scripts/clean.sh"], cwd=checkout, env=clean_environment(WAREHOUSE_DIR=warehouse), check=True)


def test_clean_keeps_what_was_published(copy, tmp_path):
    save_copy(Warehouse(copy.warehouse))
    before = digest(copy.published)
    (tmp_path / "checkout" / "target").mkdir(parents=True)
    clean(copy.warehouse, tmp_path / "checkout")
    assert not (tmp_path / "checkout" / "target").exists()
    left = sorted(path.name for path in copy.warehouse.iterdir())
    assert left == [".lock", "backups", "segmentation.duckdb", "summary.json"]
    assert digest(copy.published) == before


def test_clean_leaves_a_folder_that_is_no_warehouse_alone(tmp_path):
    (tmp_path / "lake" / "sample").mkdir(parents=True)
    clean(tmp_path / "lake", tmp_path / "checkout")
    assert (tmp_path / "lake" / "sample").is_dir()


def test_the_scheduled_refresh_carries_the_record_from_run_to_run(small_build, tmp_path):
    """The workflow's make steps, twice in a row, each time on a machine that has nothing but the last file."""
    company = {"DATA_DIR": small_build.data_dir, "AS_OF_DATE": SMALL_LAST_DAY}
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "refresh.yml").read_text())
    steps = [step for step in workflow["jobs"]["refresh"]["steps"] if str(step.get("run", "")).startswith("make ")]
    assert [step["run"] for step in steps] == ["make restore", "make build", "make backup"]
    kept = tmp_path / "kept" / "segmentation.duckdb"
    for turn in (1, 2):
        warehouse = tmp_path / f"machine_{turn}"
        for step in steps:
            backup = step.get("env", {}).get("BACKUP", "")
            if backup.startswith("last/") and turn == 1:
                continue  # as its `if` says: no run before this one
            place = tmp_path / f"{backup.split('/')[0]}" / "segmentation.duckdb" if backup else None
            done = subprocess.run(
                [*step["run"].split(), f"VENV={sys.prefix}"],
                cwd=PROJECT,
                env=clean_environment(WAREHOUSE_DIR=warehouse, BACKUP=place, **company),
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        (tmp_path / "last").mkdir(exist_ok=True)
        shutil.move(kept, tmp_path / "last" / "segmentation.duckdb")
        assert rows(tmp_path / "last" / "segmentation.duckdb", "select count(*) from fct_runs") == [(turn,)]


def test_a_terminated_refresh_stops_its_dbt(copy):
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.refresh"],
        cwd=PROJECT,
        env=clean_environment(WAREHOUSE_DIR=copy.warehouse, DATA_DIR=copy.data_dir, AS_OF_DATE=SMALL_LAST_DAY),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    before = digest(copy.published)
    wait_until(lambda: not (copy.warehouse / "target" / "run_results.json").exists())
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    wait_until(lambda: is_free(copy.warehouse), 15)
    assert digest(copy.published) == before
