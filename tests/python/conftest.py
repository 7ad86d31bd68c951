"""What the suites share: builds of the sample company, and small builds of one's own."""

from __future__ import annotations

import atexit
import fcntl
import gc
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import postgres_server
import psycopg2
import pytest

from scripts.generate_sample_data import generate
from scripts.policy_files import compose, composed_folder, seeds_setting
from scripts.sample_stories import DEFAULT_LAST_DAY

PROJECT = Path(__file__).resolve().parents[2]
# Set by a developer's shell or by make: none of it may reach a test.
FOREIGN = (
    "DATA_DIR POLICY_DIR AS_OF_DATE WAREHOUSE_DIR PROJECT_DIR VARS TARGET FULL_TESTS BACKUP POLICY_SEEDS PUBLISHED_AT"
    " PUBLISHES DELIVERY_CONFIG ONLY DRY_RUN FROM_NOW OUTSIDE FORGET"
    " BUILD_SCHEMA DUCKDB_DISABLED_OPTIMIZERS MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES"
    " PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSSLMODE PGOPTIONS"
).split()


def clean_environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN and not name.startswith("DBT_")}
    # Two tests at a time take both cores; a second thread for statements of milliseconds costs a sixth of a build.
    kept["DUCKDB_THREADS"] = "1"
    return kept | {name: str(value) for name, value in settings.items() if value is not None}


def run_refresh(
    warehouse: Path, *, check: bool = True, variables: dict | None = None, **settings: object
) -> subprocess.CompletedProcess:
    """make build without make: settings are DATA_DIR, POLICY_DIR, AS_OF_DATE, PROJECT_DIR, VARS, TARGET."""
    if variables:
        settings["VARS"] = json.dumps(variables)
    done = subprocess.run(
        [sys.executable, "-m", "scripts.refresh"],
        cwd=PROJECT,
        env=clean_environment(WAREHOUSE_DIR=warehouse, COLUMNS="200", **settings),
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(f"the refresh failed:\n{done.stdout}\n{done.stderr}")
    return done


@dataclass(frozen=True)
class Build:
    """A warehouse that a refresh has filled."""

    warehouse: Path
    data_dir: Path

    @property
    def published(self) -> Path:
        return self.warehouse / "segmentation.duckdb"

    @property
    def build_db(self) -> Path:
        return self.warehouse / "build.duckdb"

    @property
    def manifest(self) -> dict:
        return json.loads((self.warehouse / "target" / "manifest.json").read_text())

    @property
    def summary(self) -> dict:
        return json.loads((self.warehouse / "summary.json").read_text())

    def query(self, sql: str, parameters: list | None = None) -> list[tuple]:
        """Rows from the published file."""
        return rows(self.published, sql, parameters)

    def query_build(self, sql: str, parameters: list | None = None) -> list[tuple]:
        """Rows from the build database, whose schemas are segmentation_build[_<layer>]."""
        return rows(self.build_db, sql, parameters)


def rows(file: Path, sql: str, parameters: list | None = None) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(sql, parameters or []).fetchall()


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of the suite's processes to need it fills; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / f"shared-{name}"
    with open(shared / f"shared-{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".made").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / ".made").touch()
    return folder


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory) -> Build:
    """The sample company as `make build` makes it. Read it; a test that changes a warehouse copies it."""
    folder = made_once(tmp_path_factory, "sample", lambda folder: run_refresh(folder / "warehouse"))
    return Build(folder / "warehouse", folder / "warehouse" / "sample")


SMALL_LAST_DAY = date.fromisoformat(str(DEFAULT_LAST_DAY))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory) -> Path:
    """The tables of a small company, for builds that a test makes itself. Read them only."""
    return made_once(tmp_path_factory, "small_data", small_company) / "small_company"


def small_company(folder: Path) -> None:
    (folder / "small_company").mkdir()
    generate(folder / "small_company", seed=7, stores=120, months=14, last_day=SMALL_LAST_DAY)


@pytest.fixture(scope="session")
def small_build(tmp_path_factory, small_data) -> Build:
    """The small company, built and published. Read it; a test that changes a warehouse copies it."""
    settings = {"DATA_DIR": small_data, "AS_OF_DATE": SMALL_LAST_DAY}
    folder = made_once(tmp_path_factory, "small", lambda folder: run_refresh(folder / "warehouse", **settings))
    return Build(folder / "warehouse", small_data)


@dataclass(frozen=True)
class Server:
    """The suite's PostgreSQL server, which gives every test databases of its own."""

    settings: dict[str, str]
    numbers: itertools.count = field(default_factory=itertools.count)

    def database(self) -> dict[str, str]:
        """The settings (as libpq's environment variables) of a new, empty database."""
        name = f"test_{next(self.numbers)}"
        with closing(connect(self.settings)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"create database {name}")
        return self.settings | {"PGDATABASE": name}


def connect(server: dict[str, str]):
    """A connection to a database by its settings."""
    return psycopg2.connect(
        host=server["PGHOST"],
        port=server["PGPORT"],
        user=server["PGUSER"],
        password=server["PGPASSWORD"],
        dbname=server["PGDATABASE"],
    )


def server_rows(server: dict[str, str], sql: str, parameters: list | None = None) -> list[tuple]:
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, started once. Where there is none the test skips; in CI that would hide it, so it fails."""
    running = postgres_server.server()
    try:
        settings = running.__enter__()
    except postgres_server.NoServer as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    try:
        yield Server(settings)
    finally:
        running.__exit__(None, None, None)


def build_of_example(tmp_path_factory, name: str) -> Build:
    """A project of examples/, built as its README says but for the names of the schemas."""
    example = PROJECT / "examples" / name
    settings = {"PROJECT_DIR": example, "DATA_DIR": example / "data"}
    folder = made_once(tmp_path_factory, name, lambda folder: run_refresh(folder / "warehouse", **settings))
    return Build(folder / "warehouse", example / "data")


@pytest.fixture(scope="session")
def adventureworks_build(tmp_path_factory) -> Build:
    """The example AdventureWorks. Read it only."""
    return build_of_example(tmp_path_factory, "adventureworks")


@pytest.fixture(scope="session")
def northwind_build(tmp_path_factory) -> Build:
    """The example Northwind. Read it only."""
    return build_of_example(tmp_path_factory, "northwind")


@contextmanager
def environment(settings: dict[str, str]):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def dbt(
    command: list[str],
    warehouse: Path,
    *,
    variables: dict | None = None,
    as_of_date: str | None = None,
    policy_dir: Path | None = None,
    data_dir: Path | None = None,
    server: dict[str, str] | None = None,
    check: bool = True,
    **settings: object,
):
    """One dbt command in this process: a start is paid once, so that a suite can make many small builds.

    `data_dir` is loaded by the loader first, whose findings become vars. `policy_dir` holds the
    policy CSVs that take the place of the shipped ones. With `server`, the settings of a PostgreSQL database,
    it is built there. The project is read once for all commands that would read the same. Returns dbt's own
    result; the warehouse is free to be opened afterwards.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    warehouse.mkdir(parents=True, exist_ok=True)
    variables = dict(variables or {})
    if data_dir is not None:
        from scripts import load_sources

        with closing(connect(server)) if server else nullcontext(warehouse / "build.duckdb") as place:
            found = load_sources.load(data_dir, place, variables.get("raw_schema", "raw"))
        variables = {name: found[name] for name in ("missing_inputs", "missing_columns")} | variables
    policy_seeds = seeds_setting(compose(policy_dir, composed_folder(POLICY_OF_TESTS))) if policy_dir else None
    own = dict(
        WAREHOUSE_DIR=warehouse,
        AS_OF_DATE=as_of_date,
        POLICY_SEEDS=policy_seeds,
        DBT_PROJECT_DIR=PROJECT,
        DBT_PROFILES_DIR=PROJECT,
        DBT_TARGET_PATH=warehouse / "target",
        DBT_LOG_PATH=warehouse / "logs",
        DBT_LOG_LEVEL="none",
        DBT_LOG_LEVEL_FILE="none",
        DBT_USE_COLORS="false",
        DBT_VERSION_CHECK="false",
    )
    if server:
        own |= {"TARGET": "postgres"} | server
    env = clean_environment(**(own | settings))
    # an inline query becomes a part of what was read
    is_shared = command[0] in ("seed", "run", "build", "compile") and "--inline" not in command
    with environment(env), collecting_afterwards(), without_events(), templates_kept():
        try:
            manifest = manifest_of(variables) if is_shared and env["DBT_PROJECT_DIR"] == str(PROJECT) else None
            outcome = dbtRunner(manifest=manifest).invoke([*command, "--vars", json.dumps(variables)])
        finally:
            DuckDBConnectionManager.close_all_connections()
    if check and not outcome.success:
        raise AssertionError(f"dbt {' '.join(command)} failed: {outcome.exception or failed_nodes(outcome)}")
    return outcome


# The folder of a test's policy is a name that a build reads, so the tests of a process share one.
POLICY_OF_TESTS = Path(f"tests-{os.getpid()}")
atexit.register(shutil.rmtree, composed_folder(POLICY_OF_TESTS), ignore_errors=True)
# The vars that name models or tables; all others are asked when a node runs.
READ_WITH_THE_PROJECT = {
    *("raw_database", "raw_schema", "raw_identifiers", "inputs_from_models"),
    *("extra_metric_models", "extra_classification_models", "dim_schemes"),
}
MANIFESTS: dict[str, object] = {}
TEMPLATES: dict[tuple, object] = {}


def manifest_of(variables: dict):
    """What dbt makes of the project's files: a quarter of a small build's time, and alike for most of them. Read as if
    no input were missing, so that every table that a model may read stands before it."""
    from dbt.cli.main import dbtRunner

    read = {name: variables[name] for name in sorted(READ_WITH_THE_PROJECT & variables.keys())}
    place = [os.environ.get(name) for name in ("TARGET", "PGDATABASE", "BUILD_SCHEMA", "POLICY_SEEDS")]
    key = json.dumps([place, read])
    if key not in MANIFESTS:
        parsed = dbtRunner().invoke(["parse", "--vars", json.dumps(variables | {"missing_inputs": []})])
        assert parsed.success, parsed.exception
        MANIFESTS[key] = parsed.result
    return MANIFESTS[key]


@contextmanager
def collecting_afterwards():
    """Looks for garbage once, among what the build has made, not again and again among all that dbt knows."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect(0)


@contextmanager
def without_events():
    """What dbt tells of each step has no reader here, and takes a twelfth of a small build to word."""
    from dbt_common.events.event_manager import EventManager

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventManager, "fire_event", lambda *_, **__: None)
        yield


@contextmanager
def templates_kept():
    """Compiles each text once: dbt forgets its templates after every command, and many builds ask for the same ones."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment

    compile_template = MacroFuzzEnvironment.compile

    def compile_once(self, source, *arguments, **options):
        key = type(self), source
        if key not in TEMPLATES:
            TEMPLATES[key] = compile_template(self, source, *arguments, **options)
        return TEMPLATES[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MacroFuzzEnvironment, "compile", compile_once)
        yield


def failed_nodes(outcome) -> str:
    failed = (row for row in outcome.result or [] if row.status in ("error", "fail"))
    return "; ".join(f"{row.node.name}: {row.message}" for row in failed)
