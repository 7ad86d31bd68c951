"""make build: check and load the inputs, build, test, snapshot, publish, and say what came out.

Whatever goes wrong before the last step, the published file stays as it was.
"""

from __future__ import annotations

import datetime as dt
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from scripts import publish as publishing
from scripts.policy_files import SHIPPED, compose, composed_folder, policy_hash, seeds_setting
from scripts.warehouse import PROJECT, RefreshError, Warehouse, now_utc

# Unit tests judge the project's SQL, not the company's data: `make test` runs them.
# Snapshots and what hangs on them come last; a selection replaces the default selector, which leaves them out.
COMMANDS = [
    ["build", "--exclude-resource-type", "unit_test"],
    ["build", "--select", "resource_type:snapshot+"],
]

app = typer.Typer(add_completion=False)
# Output that is kept in a log is as wide as a screen, not as the 80 columns of no terminal.
console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass
class Refresh:
    """One build: what was asked for, and what became of it."""

    warehouse: Warehouse
    data_dir: Path | None
    policy_dir: Path | None
    variables: dict
    as_of_given: str
    target: str
    started: float = field(default_factory=time.monotonic)
    remarks: list[str] = field(default_factory=list)

    def setting(self, name: str, default=None):
        return self.variables.get(name, project_vars().get(name, default))

    @property
    def company(self) -> str:
        if "company" in self.variables:
            return str(self.variables["company"])
        return self.data_dir.resolve().name if self.data_dir else str(project_vars()["company"])

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def project() -> dict:
    return yaml.safe_load((PROJECT / "dbt_project.yml").read_text())


def project_vars() -> dict:
    return project()["vars"]["dynamic_segmentation"]


# --- the steps ---------------------------------------------------------------------------------


def run_refresh(refresh: Refresh) -> dict:
    warehouse = refresh.warehouse
    with warehouse.lock() as lock:
        warehouse.check_company(refresh.company)
        warehouse.remove_leftovers()
        policy_folder = SHIPPED
        if refresh.policy_dir:
            policy_folder = compose(refresh.policy_dir, composed_folder(warehouse.path))
        data_dir, as_of = inputs(refresh)
        remark = warehouse.prepare_build(refresh.company)
        if remark:
            refresh.remarks.append(remark)
        found = load(refresh, data_dir)
        run = new_run(refresh, as_of, policy_folder)
        run_dbt(refresh, run, found, policy_folder, lock)
        # Summed up before publishing's own time is known to the reader, but after it is done.
        with console.status("Publishing ..."):
            publishing.publish(warehouse, run, refresh.seconds)
        return report(refresh, run)


def inputs(refresh: Refresh) -> tuple[Path, dt.date]:
    """The folder with the inputs, and the day the build speaks for."""
    given = refresh.variables.get("as_of_date") or refresh.as_of_given
    as_of = parse_day(given) if given else None
    if refresh.data_dir:
        if not refresh.data_dir.is_dir():
            raise RefreshError(f"DATA_DIR: there is no folder {refresh.data_dir}.")
        return refresh.data_dir, as_of or today(refresh.setting("timezone", "UTC"))
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


def load(refresh: Refresh, data_dir: Path) -> dict:
    from scripts import load_sources

    with console.status("Checking the inputs ..."):
        try:
            found = load_sources.load(data_dir, refresh.warehouse.build_db, refresh.setting("raw_schema", "raw"))
        except load_sources.InputError as error:
            raise RefreshError(str(error)) from None
    missing = found["missing_inputs"]
    done(
        refresh,
        f"checked the inputs in {data_dir}"
        + (f" (optional tables not given: {', '.join(missing)})" if missing else ""),
    )
    return found


def new_run(refresh: Refresh, as_of: dt.date, policy_folder: Path) -> publishing.Run:
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
        policy_hash=policy_hash(policy_folder),
        dbt_version=importlib.metadata.version("dbt-core"),
        project_version=str(project()["version"]),
    )


def dbt_variables(refresh: Refresh, found: dict) -> dict:
    """What the loader found, completed by the user's own variables, which win."""
    own = refresh.variables
    from_models = own.get("inputs_from_models") or []
    missing = {*found["missing_inputs"], *(own.get("missing_inputs") or [])} - set(from_models)
    columns = {table: sorted(names) for table, names in found["missing_columns"].items() if names}
    return own | {
        "company": refresh.company,
        "missing_inputs": sorted(missing),
        "missing_columns": columns | (own.get("missing_columns") or {}),
    }


def dbt_environment(refresh: Refresh, run: publishing.Run, policy_folder: Path) -> dict:
    warehouse = refresh.warehouse
    settings = {
        "WAREHOUSE_DIR": str(warehouse.path.resolve()),
        "AS_OF_DATE": run.as_of_date.isoformat(),
        "PUBLISHED_AT": run.published_at.isoformat(sep=" "),
        "TARGET": refresh.target,
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        # Of the warehouse's own, so that builds of several warehouses do not meet, and each keeps its parse.
        "DBT_TARGET_PATH": str(warehouse.target.resolve()),
        "DBT_LOG_PATH": str(warehouse.logs.resolve()),
        "DBT_LOG_LEVEL": "none",
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_USE_COLORS": "false",
        "DBT_VERSION_CHECK": "false",
        "PYTHONWARNINGS": "ignore",
    }
    if policy_folder != SHIPPED:
        settings["POLICY_SEEDS"] = seeds_setting(policy_folder)
    inherited = {name: value for name, value in os.environ.items() if name != "POLICY_SEEDS"}
    return inherited | settings


def run_dbt(refresh: Refresh, run: publishing.Run, found: dict, policy_folder: Path, lock: int) -> None:
    warehouse = refresh.warehouse
    warehouse.logs.mkdir(exist_ok=True)
    variables = ["--vars", json.dumps(dbt_variables(refresh, found))]
    commands = [command + variables for command in (COMMANDS if run.is_snapshot_taken else COMMANDS[:1])]
    errors = warehouse.logs / "dbt_stderr.log"
    with open(errors, "w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.run_dbt", json.dumps(commands)],
            cwd=PROJECT,
            env=dbt_environment(refresh, run, policy_folder),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # It holds the warehouse's lock as long as it lives, even when this process is killed.
            pass_fds=[lock],
        )
    failure = None
    try:
        failure = follow(refresh, process)
    finally:
        stop(process)
    if process.returncode or failure:
        from scripts.failures import show_failures

        at = (failure or {}).get("failed", 0)
        console.print(f"[bold red]Stopped[/] while {'taking the snapshots' if at else 'building'}:")
        exception = (failure or {}).get("exception") or (None if failure else errors.read_text()[-2000:])
        show_failures(console, warehouse, policy_folder, exception, refresh.policy_dir)
        kept = "stays as it was" if warehouse.published.exists() else "was not made"
        raise RefreshError(f"The build failed; {warehouse.published} {kept}.")


def follow(refresh: Refresh, process: subprocess.Popen) -> dict | None:
    """Show how far dbt is; returns its failure, if any."""
    labels = ("Building and testing", "Taking the snapshots")
    failure, label, warnings = None, labels[0], set()
    with console.status(f"{label} ...") as status:
        for line in process.stdout:
            message = json.loads(line)
            if "command" in message:
                if message["command"]:
                    done(refresh, "built and tested")
                label = labels[message["command"]]
                status.update(f"{label} ...")
            elif "at" in message:
                status.update(f"{label}: {message['at']} of {message['of']}")
            elif "warning" in message:
                warnings.add(re.sub(r"\s+", " ", message["warning"]).strip())
            elif "failed" in message:
                failure = message
    process.wait()
    refresh.remarks.extend(f"dbt: {warning}" for warning in sorted(warnings))
    if not failure and not process.returncode:
        done(refresh, "took the snapshots" if label == labels[1] else "built and tested")
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
    show(console, summary)
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


def requested(data_dir: str, policy_dir: str, as_of_date: str, warehouse_dir: str, variables: str, target: str):
    if target != "duckdb":
        raise RefreshError(f"TARGET: this version publishes from DuckDB only, not from '{target}'.")
    warehouse = Warehouse(Path(warehouse_dir or "warehouse"))
    if warehouse.path.resolve() == PROJECT:
        raise RefreshError("WAREHOUSE_DIR: a warehouse needs a folder of its own, not the project's.")
    return Refresh(
        warehouse=warehouse,
        data_dir=Path(data_dir) if data_dir else None,
        policy_dir=Path(policy_dir) if policy_dir else None,
        variables=parse_variables(variables),
        as_of_given=as_of_date,
        target=target,
    )


@app.command()
def refresh(
    data_dir: Annotated[str, typer.Option(envvar="DATA_DIR", help="Folder with the company's tables.")] = "",
    policy_dir: Annotated[str, typer.Option(envvar="POLICY_DIR", help="Folder with the company's policy CSVs.")] = "",
    as_of_date: Annotated[str, typer.Option(envvar="AS_OF_DATE", help="Day the build speaks for.")] = "",
    warehouse_dir: Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="Folder of the result.")] = "",
    variables: Annotated[str, typer.Option("--vars", envvar="VARS", help="dbt variables as JSON.")] = "",
    target: Annotated[str, typer.Option(envvar="TARGET", help="Target of profiles.yml.")] = "",
) -> None:
    """Check and load the inputs, build, test, snapshot, publish, and say what came out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run_refresh(requested(data_dir, policy_dir, as_of_date, warehouse_dir, variables, target or "duckdb"))
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
