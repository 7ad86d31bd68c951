"""Says in plain words why dbt stopped."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from rich.console import Console

from scripts.policy_files import SHIPPED, lines_of
from scripts.warehouse import PROJECT, Warehouse, first_line, quoted, table_exists

SHOWN = 12


def show_failures(
    console: Console, warehouse: Warehouse, policy_folder: Path, exception: str | None, policy_dir: Path | None
) -> None:
    results = failed_results(warehouse.target)
    if any(is_policy_check(result) for result in results) and show_policy_problems(
        console, warehouse, policy_folder, policy_dir
    ):
        results = [result for result in results if not is_policy_check(result)]
    for result in results[:SHOWN]:
        console.print(describe(result, warehouse.target), highlight=False, soft_wrap=True, markup=False)
    if len(results) > SHOWN:
        console.print(f"... and {len(results) - SHOWN} more")
    if exception and not results:
        console.print(exception.strip(), highlight=False, soft_wrap=True, markup=False)
    console.print(f"The full log: {warehouse.logs / 'dbt.log'}", highlight=False, soft_wrap=True)


def failed_results(target: Path) -> list[dict]:
    file = target / "run_results.json"
    if not file.exists():
        return []
    return [row for row in json.loads(file.read_text())["results"] if row["status"] in ("error", "fail")]


def is_policy_check(result: dict) -> bool:
    return result["status"] == "fail" and "policy_gate" in result["unique_id"]


def describe(result: dict, target: Path) -> str:
    kind, _, name = result["unique_id"].split(".", 2)
    message = (result["message"] or "").strip()
    if kind == "test" and result["status"] == "fail":
        where = next(iter(sorted(target.glob(f"compiled/**/{name.split('.')[0]}.sql"))), None)
        rows = f"{result['failures']} row(s)" if result.get("failures") is not None else message
        return f"Test {name.split('.')[0]} failed: {rows}" + (f"; its SQL: {where}" if where else "")
    return f"{kind.replace('_', ' ').capitalize()} {name.split('.')[0]}: {message}"


def show_policy_problems(console: Console, warehouse: Warehouse, policy_folder: Path, policy_dir: Path | None) -> bool:
    """The rows of the policy gate, each with its line in the CSV. False when there is none."""
    problems = policy_problems(warehouse)
    for file, line_key, problem, fix in problems:
        lines = lines_of(policy_folder / file, line_key)
        is_own = policy_dir is not None and (policy_dir / file).exists()
        place = f"{policy_dir if is_own else SHIPPED.relative_to(PROJECT)}/{file}" + (
            f", line {', '.join(map(str, lines))}" if lines else ""
        )
        console.print(f"{place} ({line_key}): {problem}\n    Fix: {fix}", highlight=False, soft_wrap=True, markup=False)
    return bool(problems)


def policy_problems(warehouse: Warehouse) -> list[tuple]:
    try:
        with duckdb.connect() as con:
            con.execute(f"attach {quoted(warehouse.build_db)} as build (read_only)")
            if not table_exists(con, "build", f"{warehouse.build_schema}_policy", "policy_gate"):
                return []
            return con.execute(
                "select distinct file, line_key, problem, fix"
                f" from build.{warehouse.relation('policy', 'policy_gate')} order by all"
            ).fetchall()
    except duckdb.Error as error:
        return [("the policy", None, f"cannot be read: {first_line(error)}", "see the log")]
