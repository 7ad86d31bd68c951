"""make build: check and load the inputs, build, test, snapshot, publish, and say what came out.

Whatever goes wrong before the last step, what is published stays as it was.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from scripts import publish as publishing
from scripts.policy_files import compose, composed_folder, policy_files, policy_hash, problems_of, seeds_setting
from scripts.sql_text import first_line
from scripts.warehouse import PACKAGE, PROJECT, RefreshError, Warehouse, now_utc

# Unit tests judge the project's SQL, not the company's data: `make test` runs them.
# Everything is selected, against the default selector, which leaves the snapshots out. Snapshots that a build takes
# before a later test of it fails are never published: the next build begins with the published ones (Warehouse.carry).
BUILD = ["build", "--select", "fqn:*", "--exclude-resource-type", "unit_test"]
# A build for an earlier day leaves the snapshots as they are.
WITHOUT_SNAPSHOTS = ["--exclude", "resource_type:snapshot"]

# DATA_DIR of a company whose tables are in the warehouse already.
NO_DATA = "none"

app = typer.Typer(add_completion=False)
# Output that is kept in a log is as wide as a screen, not as the 80 columns of no terminal.
console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass
class Refresh:
    """One build: what was asked for, and what became of it."""

    warehouse: Warehouse
    project: Path
    is_loaded: bool
    data_dir: Path | None
    policy_dir: Path | None
    variables: dict
    as_of_given: str
    target: str
    started: float = field(default_factory=time.monotonic)
    remarks: list[str] = field(default_factory=list)

    def setting(self, name: str):
        """A var as dbt will see it: given, of the user's project, or ours."""
        return (project_vars(PROJECT) | self.stated).get(name)

    @property
    def stated(self) -> dict:
        """The vars that the user has set, in the call or in a project of theirs."""
        own = project_vars(self.project) if self.is_package else {}
        return own | self.variables

    @property
    def is_package(self) -> bool:
        """Whether the project that is built is a user's, which has this one as a package."""
        return self.project != PROJECT

    @property
    def company(self) -> str:
        if "company" in self.stated:
            return str(self.stated["company"])
        if self.is_package:
            return str(project_file(self.project)["name"])
        return self.data_dir.resolve().name if self.data_dir else str(self.setting("company"))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


@cache
def project_file(folder: Path) -> dict:
    """dbt_project.yml of a project, read once."""
    try:
        return yaml.safe_load((folder / "dbt_project.yml").read_text())
    except FileNotFoundError:
        raise RefreshError(f"PROJECT_DIR: {folder} is no dbt project (it has no dbt_project.yml).") from None
    except yaml.YAMLError as error:
        raise RefreshError(f"PROJECT_DIR: {folder / 'dbt_project.yml'} is no YAML ({first_line(error)}).") from None


def project_vars(folder: Path) -> dict:
    """The vars that a project sets for this one: those of its own scope win over those of all."""
    stated = project_file(folder).get("vars") or {}
    return {name: value for name, value in stated.items() if name != PACKAGE} | (stated.get(PACKAGE) or {})


# --- the steps ---------------------------------------------------------------------------------


def run_refresh(refresh: Refresh) -> dict:
    warehouse = refresh.warehouse
    with warehouse.lock() as lock:
        warehouse.check_company(refresh.company)
        refresh.remarks.extend(warehouse.remove_leftovers())
        seeds = None
        if refresh.policy_dir:
            seeds = compose(refresh.policy_dir, composed_folder(warehouse.path))
        data_dir, as_of = inputs(refresh)
        remark = warehouse.prepare_build(refresh.company)
        if remark:
            refresh.remarks.append(remark)
        found = load(refresh, data_dir)
        run = new_run(refresh, as_of)
        run = run_dbt(refresh, run, found, seeds, lock)
        with console.status("Publishing ..."):
            grants = refresh.setting("grants") or {}
            layout = publishing.publish(warehouse, run, refresh.seconds, grants.get("select") or [])
        summary = report(refresh, run)
        warehouse.mark_published(run.run_id, layout)
        return summary


def inputs(refresh: Refresh) -> tuple[Path | None, dt.date]:
    """The folder with the inputs, if they are to be loaded, and the day the build speaks for."""
    given = refresh.variables.get("as_of_date") or refresh.as_of_given or refresh.setting("as_of_date")
    as_of = parse_day(given) if given else None
    if refresh.data_dir or not refresh.is_loaded:
        if refresh.data_dir and not refresh.data_dir.is_dir():
            raise RefreshError(f"DATA_DIR: there is no folder {refresh.data_dir}.")
        return refresh.data_dir, as_of or today(refresh.setting("timezone") or "UTC")
    data_dir = sample(refresh)
    stated = json.loads((data_dir / "company.json").read_text())["as_of_date"]
    return data_dir, as_of or parse_day(stated)


def parse_day(text: object) -> dt.date:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        raise RefreshError(f"AS_OF_DATE: '{text}' is no date of the form YYYY-MM-DD.") from None


def today(timezone: str) -> dt.date:
    import pytz  # as the project's macro as_of_date() does

    try:
        return dt.datetime.now(pytz.timezone(timezone)).date()
    except pytz.UnknownTimeZoneError:
        raise RefreshError(f"var timezone: '{timezone}' is no time zone (one is Europe/Warsaw).") from None


def sample(refresh: Refresh) -> Path:
    """The sample company, made once for a version of its generator."""
    sources = sorted((PROJECT / "scripts").glob("*sample*.py"))
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    folder = refresh.warehouse.path / "sample"
    made = folder / ".made-from"
    if not made.exists() or made.read_text() != wanted:
        from scripts.generate_sample_data import generate

        with console.status("Making the sample company ..."):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            generate(folder)
            made.write_text(wanted)
        done(refresh, "made the sample company")
    return folder


def load(refresh: Refresh, data_dir: Path | None) -> dict:
    from scripts import load_sources

    with console.status("Checking the inputs ..."):
        try:
            found = refresh.warehouse.load(
                data_dir,
                raw_schema(refresh, data_dir),
                from_models=refresh.setting("inputs_from_models") or [],
                own_tables=refresh.is_package,
                identifiers=refresh.setting("raw_identifiers") or {},
            )
        except load_sources.InputError as error:
            raise RefreshError(str(error)) from None
    missing = found["missing_inputs"]
    done(
        refresh,
        f"checked the inputs in {data_dir or f'schema {raw_schema(refresh, None)}'}"
        + (f" (optional tables not given: {', '.join(missing)})" if missing else ""),
    )
    return found | {"raw_schema": raw_schema(refresh, data_dir)}


def raw_schema(refresh: Refresh, data_dir: Path | None) -> str:
    """Where the raw tables are: as stated, else, when they are loaded, where this engine loads them."""
    stated = refresh.stated.get("raw_schema")
    return refresh.warehouse.raw_schema(stated) if data_dir else stated or refresh.setting("raw_schema")


def new_run(refresh: Refresh, as_of: dt.date) -> publishing.Run:
    """The run's own record. Its moment lies on as_of_date, and after every moment published before."""
    runs = refresh.warehouse.published_runs()
    last_day = max((run["as_of_date"] for run in runs), default=None)
    is_backwards = last_day is not None and as_of < last_day
    now = now_utc()
    published_at = dt.datetime.combine(as_of, now.time())
    if is_backwards:
        refresh.remarks.append(
            f"as_of_date {as_of} lies before {last_day}, which is published: the snapshots stay as they are."
        )
    else:
        latest = max((run["published_at"] for run in runs), default=None)
        if latest is not None and published_at <= latest:
            published_at = latest + dt.timedelta(seconds=1)
    return publishing.Run(
        run_id=str(uuid.uuid4()),
        company=refresh.company,
        as_of_date=as_of,
        published_at=published_at,
        is_snapshot_taken=not is_backwards,
        policy_hash="",  # known when dbt has read the project
        dbt_version=importlib.metadata.version("dbt-core"),
        project_version=str(project_file(PROJECT)["version"]),
    )


def dbt_variables(refresh: Refresh, found: dict, run: publishing.Run) -> dict:
    """What the loader found, completed by the user's own vars, which win."""
    own = refresh.stated
    from_models = own.get("inputs_from_models") or []
    missing = {*found["missing_inputs"], *(own.get("missing_inputs") or [])} - set(from_models)
    columns = {table: sorted(names) for table, names in found["missing_columns"].items() if names}
    variables = refresh.variables | {
        "company": refresh.company,
        "missing_inputs": sorted(missing),
        "missing_columns": columns | (own.get("missing_columns") or {}),
    }
    if found["raw_schema"] != project_vars(PROJECT)["raw_schema"]:
        variables["raw_schema"] = found["raw_schema"]
    if own.get("as_of_date") and str(own["as_of_date"]) != run.as_of_date.isoformat():
        variables["as_of_date"] = run.as_of_date.isoformat()  # asked for in the call, against the project's own
    return variables


def dbt_environment(refresh: Refresh, run: publishing.Run, seeds: Path | None, more: dict[str, str]) -> dict:
    warehouse = refresh.warehouse
    settings = {
        "WAREHOUSE_DIR": str(warehouse.path.resolve()),
        "AS_OF_DATE": run.as_of_date.isoformat(),
        "PUBLISHED_AT": run.published_at.isoformat(sep=" "),
        "PUBLISHES": "yes" if run.is_snapshot_taken else "no",
        "TARGET": refresh.target,
        "DBT_PROJECT_DIR": str(refresh.project),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_PROFILE": PACKAGE,
        # Of the warehouse's own, so that builds of several warehouses do not meet, and each keeps its parse.
        "DBT_TARGET_PATH": str(warehouse.target.resolve()),
        "DBT_LOG_PATH": str(warehouse.logs.resolve()),
        "DBT_LOG_LEVEL": "none",
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_USE_COLORS": "false",
        "DBT_VERSION_CHECK": "false",
        "DBT_USE_FAST_TEST_EDGES": "true",
        "PYTHONWARNINGS": "ignore",
    }
    if seeds:
        settings["POLICY_SEEDS"] = seeds_setting(seeds)
    inherited = {name: value for name, value in os.environ.items() if name != "POLICY_SEEDS"}
    return inherited | settings | refresh.warehouse.dbt_settings() | more


def run_dbt(
    refresh: Refresh, run: publishing.Run, found: dict, seeds: Path | None, lock: int, settings: dict | None = None
) -> publishing.Run:
    """Read the project, bring the warehouse to where this build starts, build, take the snapshots and test. Where the
    engine itself fails and the warehouse knows `settings` that keep it from failing, all of it once more with them."""
    warehouse = refresh.warehouse
    warehouse.logs.mkdir(exist_ok=True)
    variables = ["--vars", json.dumps(dbt_variables(refresh, found, run))]
    work = {
        "parse": ["parse", *variables],
        "command": [*BUILD, *([] if run.is_snapshot_taken else WITHOUT_SNAPSHOTS), *variables],
    }
    install_packages(refresh)
    errors = warehouse.logs / "dbt_stderr.log"
    with open(errors, "w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.run_dbt", json.dumps(work)],
            cwd=PROJECT,
            env=dbt_environment(refresh, run, seeds, settings or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # It holds the warehouse's lock as long as it lives, even when this process is killed.
            pass_fds=[lock],
        )
    failure, policy = None, {}

    def read() -> None:
        nodes = warehouse.nodes()
        policy.update(policy_files(nodes))
        problems = [] if seeds else problems_of(policy)
        if problems:
            raise RefreshError("\n".join(str(problem) for problem in problems))
        if seeds and not all(file.is_relative_to(seeds) for file in policy.values()):
            raise RefreshError("POLICY_DIR: the project has policy files of its own; change those instead.")
        warehouse.carry(nodes)

    try:
        failure = follow(refresh, process, read)
    finally:
        stop(process)
    if process.returncode or failure:
        from scripts.failures import failed_results, show_failures

        exception = (failure or {}).get("exception") or (None if failure else last_words(process, errors))
        told = [str(exception or ""), *(str(result["message"]) for result in failed_results(warehouse.target))]
        if not settings and (cure := warehouse.cure(told)):
            refresh.remarks.append(f"The engine failed on a known fault of its own; built again with {cure}.")
            return run_dbt(refresh, run, found, seeds, lock, cure)
        doing = "reading the project" if failure and failure["failed"] == "parse" else "building"
        console.print(f"[bold red]Stopped[/] while {doing}:")
        show_failures(console, warehouse, policy, exception, refresh.policy_dir)
        kept = "stays as it was" if warehouse.published_runs() else "was not made"
        raise RefreshError(f"The build failed; {warehouse.place} {kept}.")
    return replace(run, policy_hash=policy_hash(policy))


def last_words(process: subprocess.Popen, errors: Path) -> str:
    """Why dbt's process ended when dbt itself could not say."""
    said = errors.read_text().strip()[-2000:]
    return said or f"dbt's process ended with code {process.returncode}, without a word (killed, or out of memory?)."


def install_packages(refresh: Refresh) -> None:
    """dbt deps, where a user's project has packages that are not installed, or not those it asks for. Builds of
    one project for several warehouses wait for each other."""
    project = refresh.project
    asked = [file for name in ("packages.yml", "dependencies.yml") if (file := project / name).exists()]
    if not asked:
        return
    made = project / "package-lock.yml"
    with open(asked[0]) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (project / "dbt_packages").is_dir() and made.exists():
            if all(file.stat().st_mtime <= made.stat().st_mtime for file in asked):
                return
        deps = subprocess.run(
            [sys.executable, "-c", "import sys; from dbt.cli.main import cli; sys.exit(cli())", "deps"],
            cwd=project,
            env=os.environ
            | {"DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(PROJECT), "DBT_PROFILE": PACKAGE},
            capture_output=True,
            text=True,
        )
        if deps.returncode:
            raise RefreshError(f"dbt deps of {project} failed:\n{(deps.stdout + deps.stderr).strip()[-2000:]}")
    done(refresh, "installed the project's packages")


def follow(refresh: Refresh, process: subprocess.Popen, when_read: Callable[[], None]) -> dict | None:
    """Show how far dbt is; returns its failure, if any. `when_read` is done when dbt has read the
    project, before it touches the warehouse."""
    failure, warnings = None, set()
    with console.status("Reading the project ...") as status:
        for line in process.stdout:
            message = json.loads(line)
            if "parsed" in message:
                when_read()
                process.stdin.write("go\n")
                process.stdin.close()
                status.update("Building and testing ...")
            elif "at" in message:
                status.update(f"Building and testing: {message['at']} of {message['of']}")
            elif "warning" in message:
                warnings.add(re.sub(r"\s+", " ", message["warning"]).strip())
            elif "failed" in message:
                failure = message
    process.wait()
    refresh.remarks.extend(f"dbt: {warning}" for warning in sorted(warnings))
    if not failure and not process.returncode:
        done(refresh, "built and tested")
    return failure


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def report(refresh: Refresh, run: publishing.Run) -> dict:
    from scripts.summary import show, summarize, write_summary

    summary = summarize(refresh.warehouse, run, refresh.remarks, refresh.seconds)
    write_summary(refresh.warehouse.summary, summary)
    show(console, refresh.warehouse, summary)
    return summary


def done(refresh: Refresh, what: str) -> None:
    console.print(f"[dim]{refresh.seconds:5.1f} s[/]  {what}", highlight=False, soft_wrap=True)


# --- the command -------------------------------------------------------------------------------


def parse_variables(text: str) -> dict:
    try:
        variables = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise RefreshError(f"VARS: '{text}' is not JSON ({' '.join(str(error).split())}).") from None
    if not isinstance(variables, dict):
        raise RefreshError(f"""VARS: '{text}' is no JSON object, as in VARS='{{"closing_lag_days": 5}}'.""")
    return variables


def requested(
    data_dir: str,
    policy_dir: str,
    as_of_date: str,
    warehouse_dir: str,
    project_dir: str,
    variables: str,
    target: str,
) -> Refresh:
    """What was asked for, checked as far as it can be without touching anything."""
    warehouse = warehouse_of(target, Path(warehouse_dir or "warehouse"))
    if warehouse.path.resolve() == PROJECT:
        raise RefreshError("WAREHOUSE_DIR: a warehouse needs a folder of its own, not the project's.")
    project = Path(project_dir).resolve() if project_dir else PROJECT
    project_file(project)
    is_loaded = data_dir != NO_DATA and (bool(data_dir) or project == PROJECT)
    return Refresh(
        warehouse=warehouse,
        project=project,
        is_loaded=is_loaded,
        data_dir=Path(data_dir) if is_loaded and data_dir else None,
        policy_dir=Path(policy_dir) if policy_dir else None,
        variables=parse_variables(variables),
        as_of_given=as_of_date,
        target=target,
    )


def warehouse_of(target: str, path: Path) -> Warehouse:
    """The warehouse of a target of profiles.yml."""
    if target == "duckdb":
        from scripts.duckdb_warehouse import DuckDBWarehouse

        return DuckDBWarehouse(path)
    if target == "postgres":
        from scripts.postgres_warehouse import PostgresWarehouse

        return PostgresWarehouse(path)
    raise RefreshError(f"TARGET: '{target}' is none of duckdb and postgres.")


@app.command()
def refresh(
    data_dir: Annotated[
        str, typer.Option(envvar="DATA_DIR", help="Folder with the company's tables; none: they are in the warehouse.")
    ] = "",
    policy_dir: Annotated[str, typer.Option(envvar="POLICY_DIR", help="Folder with the company's policy CSVs.")] = "",
    as_of_date: Annotated[str, typer.Option(envvar="AS_OF_DATE", help="Day the build speaks for.")] = "",
    warehouse_dir: Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="Folder of the result.")] = "",
    project_dir: Annotated[
        str, typer.Option(envvar="PROJECT_DIR", help="dbt project that has this one as a package; left out: this one.")
    ] = "",
    variables: Annotated[str, typer.Option("--vars", envvar="VARS", help="dbt variables as JSON.")] = "",
    target: Annotated[str, typer.Option(envvar="TARGET", help="duckdb or postgres.")] = "",
) -> None:
    """Check and load the inputs, build, test, snapshot, publish, and say what came out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run_refresh(
            requested(data_dir, policy_dir, as_of_date, warehouse_dir, project_dir, variables, target or "duckdb")
        )
    except RefreshError as error:
        console.print(
            f"[bold red]Stopped.[/] {str(error).replace('[', chr(92) + '[')}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("Interrupted: nothing was published.")
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
