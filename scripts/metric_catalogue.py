"""Writes the tables of docs/metrics.md from the YAML that describes the metrics marts: each metric is defined once.

python -m scripts.metric_catalogue          writes the file
python -m scripts.metric_catalogue --check  says whether it is up to date, with code 1 when it is not
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
import yaml

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "metrics.md"
# mark in the page -> the YAML that describes the mart
MARTS = {
    "stores": "models/marts/stores/_stores_metrics__models.yml",
    "reps": "models/marts/reps/_reps_metrics__models.yml",
    "product groups": "models/marts/product_groups/_product_groups_metrics__models.yml",
}


def metrics_of(file: str) -> list[dict[str, str]]:
    """name, definition, unit, source, empty (when a value is NULL) of every metric of a mart."""
    (model,) = yaml.safe_load((PROJECT / file).read_text(encoding="utf-8"))["models"]
    found = []
    for column in model["columns"]:
        meta = column.get("config", {}).get("meta", {})
        if meta:
            found.append({"name": column["name"], "definition": column["description"].strip(), **meta})
    return found


def table(metrics: list[dict[str, str]]) -> str:
    lines = ["| metric | definition | unit | source | empty when |", "|---|---|---|---|---|"]
    for metric in metrics:
        cells = [f"`{metric['name']}`", *(metric[key] for key in ("definition", "unit", "source", "empty"))]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with the tables between its marks made anew."""
    for name, file in MARTS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise SystemExit(f"{PAGE.name}: the lines {begin} and {end} must stand in it once each.")
        between = re.compile(re.escape(begin) + ".*" + re.escape(end), flags=re.DOTALL)
        made = f"{begin}\n\n{table(metrics_of(file))}\n\n{end}"
        text = between.sub(lambda _, made=made: made, text)
    return text


def main(check: Annotated[bool, typer.Option("--check", help="Write nothing.")] = False) -> None:
    """Write the metric catalogue."""
    before = PAGE.read_text(encoding="utf-8")
    after = page(before)
    if check:
        raise typer.Exit(0 if before == after else 1)
    PAGE.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
