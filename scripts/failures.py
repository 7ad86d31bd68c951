"""Says in plain words why dbt stopped."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from scripts.policy_files import lines_of
from scripts.sql_text import first_line
from scripts.warehouse import PROJECT, Warehouse, columns_of

SHOWN = 12


def show_failures(
    console: Console,
    warehouse: Warehouse,
    policy: dict[str, Path],
    exception: str | None,
    policy_dir: Path | None,
) -> None:
    """Every failure in plain words; of a policy mistake the line. `policy`: file name -> file that was loaded."""
    results = failed_results(warehouse.target)
    if any(is_policy_check(result) for result in results) and show_policy_problems(
        console, warehouse, policy, policy_dir
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


def show_policy_problems(
    console: Console, warehouse: Warehouse, policy: dict[str, Path], policy_dir: Path | None
) -> bool:
    """The rows of the policy gate, each with its line in the CSV. False when there is none."""
    problems = policy_problems(warehouse)
    for row in problems:
        name, line_key = row["file"], row["line_key"]
        file = policy.get(name, Path(name))
        lines = lines_of(file, line_key)
        if policy_dir is not None and (policy_dir / name).exists():
            file = policy_dir / name  # what was loaded is a copy of it
        elif file.is_relative_to(PROJECT):
            file = file.relative_to(PROJECT)
        place = f"{file}" + (f", line {', '.join(map(str, lines))}" if lines else "")
        console.print(
            f"{place} ({line_key}): {row['problem']}\n    Fix: {row['fix']}",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
    return bool(problems)


def policy_problems(warehouse: Warehouse) -> list[dict]:
    try:
        node = warehouse.nodes()["policy_gate"]
        with warehouse.reading() as (session, _):
            if not columns_of(session, node):
                return []
            return session.rows(
                f"select distinct file, line_key, problem, fix from {node.relation} order by 1, 2, 3, 4"
            )
    except Exception as error:  # whatever it is: the build's own failure is what must be told
        return [
            {
                "file": "the policy",
                "line_key": None,
                "problem": f"cannot be read: {first_line(error)}",
                "fix": "see the log",
            }
        ]
