"""make bench: generate the workload, run every contender as a process of its own, compare results and costs.

    python -m benchmarks.bench --scale small --runs 3 [--only project,lower_bound,pandas,polars,hysteresis,history]

Rounds are interleaved: every contender once, then every contender again. The results are kept in
BENCH_DIR/<scale>/results.json; contenders left out keep those of an earlier call.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import compare, project, report
from benchmarks.measure import Cost, run
from benchmarks.project import ROOT
from benchmarks.workload import SCALES, Workload, make, shorter

CONTENDERS = ("project", "lower_bound", "pandas", "polars", "hysteresis", "history")
DATAFRAMES = ("pandas", "polars")
HISTORIES = (12, 24, 36, 72)
KERNELS = ("loop", "lag", "recursive", "one_period")
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "pandas", "polars", "numpy")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 120)


class Bench:
    """One call: where it works, what it has measured."""

    def __init__(self, scale: str, folder: Path, memory_limit: str):
        self.scale, self.memory_limit = scale, memory_limit
        self.work = folder / scale
        self.work.mkdir(parents=True, exist_ok=True)
        self.file = self.work / "results.json"
        self.results = json.loads(self.file.read_text()) if self.file.exists() else {"runs": {}, "agreement": {}}
        with console.status("Making the workload ..."):
            self.workload: Workload = make(self.work / "workload", SCALES[scale], memory_limit)
        size = SCALES[scale]
        self.results |= {
            "scale": scale, "stores": size.stores, "lines": size.lines, "months": size.months,
            "date": dt.date.today().isoformat(), "machine": machine(), "memory_limit": memory_limit,
            "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        }  # fmt: skip

    @property
    def as_of(self) -> str:
        return str(self.workload.days["day"])

    @property
    def warehouse(self) -> Path:
        """The project's full build, with which the others are compared."""
        return self.work / "full" / "warehouse"

    def note(self, contender: str, cost: Cost | dict) -> None:
        cost = cost.as_dict() if isinstance(cost, Cost) else cost
        self.results["runs"].setdefault(contender, []).append(cost)
        self.save()
        console.print(
            f"{contender:14} {cost['cpu']:8.1f} CPU s {cost['wall']:8.1f} s {cost['memory'] / 1e6:8,.0f} MB",
            highlight=False,
        )

    def save(self) -> None:
        self.file.write_text(json.dumps(self.results, indent=1) + "\n")

    def forget(self, *contenders: str) -> None:
        for contender in contenders:
            self.results["runs"].pop(contender, None)

    def module(self, name: str, *arguments: object) -> tuple[Cost, str]:
        log = self.work / f"{name}-{arguments[0] if name != 'lower_bound' else 'run'}.log"
        cost = run([sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)], ROOT, log=log)
        return cost, log.read_text()

    # --- the contenders -----------------------------------------------------------------------

    def project(self, first: bool) -> None:
        if first:
            self.forget("empty", "empty_again", "base", "full", *project.DELTAS)
        for name, cost in project.empty_builds(self.workload, self.work).items():
            self.note(name, cost)
        if first:
            self.note("base", project.prepare_deltas(self.workload, self.work, self.memory_limit))
        self.note("full", project.full_build(self.workload, self.work, self.memory_limit))
        if first:
            self.results["marts"] = compare.sizes(self.warehouse / "build.duckdb")
        for name, cost in project.delta_builds(self.workload, self.work, self.memory_limit).items():
            self.note(name, cost)
        if first:
            self.results["agreement"]["deliveries"] = compare.compare_builds(
                self.warehouse / "build.duckdb", self.work / "stepwise.duckdb"
            )

    def lower_bound(self, first: bool) -> None:
        if first:
            self.forget("lower_bound")
        out = self.work / "lower_bound.duckdb"
        cost, _ = self.module("lower_bound", self.workload.all, out, self.as_of, "--memory-limit", self.memory_limit)
        self.note("lower_bound", cost)
        if first:
            self.results["agreement"]["lower_bound"] = compare.compare_marts(self.warehouse / "build.duckdb", out)

    def dataframes(self, library: str, first: bool) -> None:
        if first:
            self.forget(library)
        out = self.work / f"{library}.parquet"
        cost, _ = self.module("dataframes", library, self.workload.all, out, self.as_of)
        self.note(library, cost)
        if first:
            self.results["agreement"][library] = compare.compare_segments(self.warehouse / "build.duckdb", out)

    def hysteresis(self, first: bool) -> None:
        if first:
            self.forget(*KERNELS)
            self.module("hysteresis", "prepare", self.warehouse, self.work)
        for kernel in KERNELS:
            cost, printed = self.module("hysteresis", kernel, self.warehouse, self.work)
            # its own seconds, without starting Python
            inner = json.loads(printed.strip().splitlines()[-1])
            self.note(kernel, cost.as_dict() | {"cpu": inner["cpu"], "wall": inner["wall"]})
            if "differing_rows" in inner:
                self.results["agreement"][kernel] = inner["differing_rows"]

    def history(self, first: bool, contenders: tuple[str, ...] = ("full", "lower_bound")) -> None:
        """The full build and the lower bound by the length of history; once, not once a round."""
        if not first:
            return
        points = []
        for months in (months for months in HISTORIES if months <= SCALES[self.scale].months):
            data, as_of = shorter(self.workload, months, self.work)
            for contender in contenders:
                if contender == "full":
                    _, warehouse = project.fresh(self.work / "history")
                    log = self.work / "history.log"
                    cost = project.build(data, warehouse, as_of, log, self.memory_limit)
                else:
                    out = self.work / "history.duckdb"
                    cost, _ = self.module("lower_bound", data, out, as_of, "--memory-limit", self.memory_limit)
                points.append({"contender": contender, "months": months, "cpu": cost.cpu, "wall": cost.wall})
        self.results["months_curve"] = points

    def round(self, contenders: list[str], first: bool) -> None:
        for contender in contenders:
            if contender in DATAFRAMES:
                self.dataframes(contender, first)
            else:
                getattr(self, contender)(first)
            self.save()


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "-"


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB"


def commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip()


@app.command()
def main(
    scale: Annotated[str, typer.Option(envvar="SCALE", help="tiny, small, long, medium or large.")] = "small",
    runs: Annotated[int, typer.Option(envvar="RUNS", help="Rounds; the median is shown.")] = 3,
    only: Annotated[str, typer.Option(envvar="CONTENDERS", help="Contenders, with commas; left out: all.")] = "",
    folder: Annotated[Path, typer.Option(envvar="BENCH_DIR", help="Where it works.")] = Path(".bench"),
    memory_limit: Annotated[str, typer.Option(envvar="DUCKDB_MEMORY_LIMIT", help="Memory limit of DuckDB.")] = "4GB",
    documents: Annotated[
        bool, typer.Option("--documents", help="Write the tables and plots of docs/performance.md too.")
    ] = False,
) -> None:
    """Run the contenders, check that they agree, and print what each cost."""
    if scale not in SCALES:
        raise typer.BadParameter(f"SCALE: '{scale}' is none of {', '.join(SCALES)}.")
    asked = [name.strip() for name in only.split(",") if name.strip()] or list(CONTENDERS)
    if unknown := set(asked) - set(CONTENDERS):
        raise typer.BadParameter(f"CONTENDERS: {', '.join(sorted(unknown))} is none of {', '.join(CONTENDERS)}.")
    contenders = [name for name in CONTENDERS if name in asked]
    if scale == "large":
        # they need far more memory than such a machine has
        contenders = [name for name in contenders if name not in DATAFRAMES]
    bench = Bench(scale, folder.resolve(), memory_limit)
    if "project" not in contenders and not bench.warehouse.exists():
        raise typer.BadParameter("The other contenders are compared with the project's build: run it too.")
    for number in range(runs):
        console.print(f"[bold]Round {number + 1} of {runs}[/]")
        bench.round(contenders, first=number == 0)
    bench.results["commit"] = commit()
    bench.save()
    report.show(console, bench.results)
    if documents:
        report.write_documents(bench.results)
    if problems := report.disagreements(bench.results):
        console.print("[bold red]The contenders do not agree:[/]")
        for problem in problems:
            console.print(f"  {problem}")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
