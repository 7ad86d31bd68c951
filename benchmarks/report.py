"""What was measured, as tables on the screen and in docs/performance.md, and as plots."""

from __future__ import annotations

import json
from statistics import median
from xml.sax.saxutils import escape

from rich.console import Console
from rich.table import Table

from benchmarks import project
from benchmarks.workload import SCALES

ROOT = project.ROOT
PAGE = ROOT / "docs" / "performance.md"
KEPT = ROOT / "benchmarks" / "results"
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NAMES = {
    "full": "this project: full build",
    "noop": "this project: nothing new",
    "again": "this project: nothing new, every file written anew",
    "day": "this project: one new day",
    "month": "this project: one new closed month",
    "late": "this project: one late order",
    "base": "this project: full build of a month ago",
    "lower_bound": "lower bound: hand-written DuckDB",
    "pandas": "pandas (seven schemes only)",
    "polars": "polars (seven schemes only)",
}
KERNELS = {
    "loop": "the step, once a period",
    "lag": "bare lag() over the same rows",
    "recursive": "the step in a recursive CTE",
    "one_period": "the step for the last period",
}
PROFILED = ("full", "month", "day", "late", "again", "noop")
SHOWN_NODES = 25
SPLIT = {"sql": "SQL work", "dbt_fixed": "dbt's fixed part", "publish": "publishing", "rest": "the rest"}


def middle(runs: list[dict]) -> dict:
    """The median of the runs, figure by figure."""
    parts: dict = {}
    for name, found in (runs[0].get("parts") or {}).items():
        every = [run["parts"].get(name, found) for run in runs]
        if name == "nodes":
            parts[name] = {node: median(one.get(node, 0.0) for one in every) for node in found}
        elif name in ("node_count", "raw_rows"):
            parts[name] = found
        else:
            parts[name] = {"cpu": median(one["cpu"] for one in every)}
    return {key: median(run[key] for run in runs) for key in ("cpu", "wall", "memory")} | {"parts": parts}


def medians(results: dict) -> dict[str, dict]:
    return {name: middle(runs) for name, runs in results["runs"].items() if runs}


def aim_rows(results: dict) -> list[list[str]]:
    """What the project aims at, at medium, and what was measured at this scale."""
    costs = medians(results)
    full, full_split = costs.get("full"), split_of(costs, "full")
    has = costs.keys().__ge__
    rows: list[tuple[str, str, str]] = []
    if full_split and has({"lower_bound"}):
        ratio = full_split["sql"] / costs["lower_bound"]["cpu"]
        rows.append(("SQL work of a full build ÷ lower bound", "1.5", f"{ratio:.2f}"))
    for row in dbt_rows(results):
        rows += [
            (f"dbt, {row[0]}: CPU s to start and read", "5", row[1]),
            (f"dbt, {row[0]}: CPU ms a node", "25", row[4]),
        ]
    if has({"again", "noop"}):
        rows.append(("noticing, CPU s for a million raw rows", "0.2", f"{1e6 * project.noticing(costs):.2f}"))
        for key in ("day", "month"):
            work = apart_from_noticing(costs, key)
            if full_split and work is not None:
                name = NAMES[key].partition(": ")[2]
                rows.append(
                    (f"{name}: work apart from noticing ÷ full build", "0.05", f"{work / full_split['sql']:.3f}")
                )
    if has({"loop", "lag", "one_period"}):
        rows.append(("the step, once a period ÷ bare lag()", "3", f"{costs['loop']['cpu'] / costs['lag']['cpu']:.2f}"))
        rows.append(
            ("the step for one period ÷ for all", "0.05", f"{costs['one_period']['cpu'] / costs['loop']['cpu']:.3f}")
        )
    if full and has({"pandas"}):
        rows.append(
            ("CPU of a full build ÷ pandas (seven schemes only)", "1", f"{full['cpu'] / costs['pandas']['cpu']:.2f}")
        )
    if full and has({"polars"}):
        ratio = full["memory"] / costs["polars"]["memory"]
        rows.append(("memory of a full build ÷ polars (seven schemes only)", "0.5", f"{ratio:.2f}"))
    return [list(row) for row in rows]


def cost_rows(results: dict) -> list[list[str]]:
    """Contender, its CPU and wall seconds, memory, and its CPU against the lower bound's."""
    costs = medians(results)
    bound = costs.get("lower_bound", {}).get("cpu")
    return [
        [
            name, f"{costs[key]['cpu']:.1f}", f"{costs[key]['wall']:.1f}", f"{costs[key]['memory'] / 1e6:,.0f}",
            f"{costs[key]['cpu'] / bound:.2f}" if bound else "-", str(len(results["runs"][key])),
        ]
        for key, name in NAMES.items()
        if key in costs
    ]  # fmt: skip


def split_rows(results: dict) -> list[list[str]]:
    """Where the project's CPU seconds go, and the SQL work against the lower bound and the full build."""
    costs, rows = medians(results), []
    bound = costs.get("lower_bound", {}).get("cpu")
    for key in ("full", *project.DELTAS):
        if parts := split_of(costs, key):
            rows.append(
                [NAMES[key], *(f"{parts[part]:.1f}" for part in SPLIT), f"{parts['sql'] / bound:.2f}" if bound else "-"]
            )
    return rows


def split_of(costs: dict[str, dict], key: str) -> dict[str, float] | None:
    # deltas start with dbt's partial parse, so they are set against an empty build that did too
    empty = "empty" if key == "full" else "empty_again"
    return project.split(costs[key], costs[empty]) if {key, empty} <= costs.keys() else None


def apart_from_noticing(costs: dict[str, dict], key: str) -> float | None:
    """CPU seconds of a delivery's SQL work, less those of noticing what changed."""
    parts = split_of(costs, key)
    if not parts or not {"again", "noop"} <= costs.keys():
        return None
    return parts["sql"] - costs[key]["parts"]["raw_rows"] * project.noticing(costs)


def delta_rows(results: dict) -> list[list[str]]:
    """The SQL work of small deliveries, what of it is noticing what changed, and the work apart from that."""
    costs, rows = medians(results), []
    full = split_of(costs, "full")
    if not full:
        return []
    for key in project.DELTAS:
        work = apart_from_noticing(costs, key)
        if work is not None:
            sql, read = split_of(costs, key)["sql"], costs[key]["parts"]["raw_rows"]
            rows.append([
                NAMES[key], f"{sql:.1f}", f"{read:,}", f"{sql - work:.1f}", f"{work:.1f}",
                f"{sql / full['sql']:.3f}", f"{work / full['sql']:.3f}",
            ])  # fmt: skip
    return rows


def growth_rows(short: dict, long: dict) -> list[list[str]]:
    """What deliveries cost with twice the history, the same rows arriving each month."""
    rows = []
    for key in ("day", "month"):
        works = [apart_from_noticing(medians(results), key) for results in (short, long)]
        if None not in works:
            growth = works[1] / works[0] - 1
            rows.append([NAMES[key], *(f"{work:.1f}" for work in works), f"{growth:+.0%}", "+10%"])
    return rows


def noticing_rows(results: dict) -> list[list[str]]:
    costs = medians(results)
    if not {"again", "noop"} <= costs.keys():
        return []
    return [[
        f"{costs['again']['parts']['raw_rows']:,}",
        *(f"{1e6 * project.noticing(costs, with_loader):.2f}" for with_loader in (False, True)),
    ]]  # fmt: skip


def node_rows(results: dict) -> list[list[str]]:
    """The nodes that take most of a full build, and what they take of a delivery."""
    costs = medians(results)
    found = {key: costs[key]["parts"]["nodes"] for key in PROFILED if key in costs}
    if "full" not in found:
        return []
    highest = sorted(found["full"], key=found["full"].get, reverse=True)[:SHOWN_NODES]
    rows = [
        [name, *(f"{found[key].get(name, 0):.1f}" if key in found else "-" for key in PROFILED)] for name in highest
    ]
    others = [
        f"{sum(s for name, s in found[key].items() if name not in highest):.1f}" if key in found else "-"
        for key in PROFILED
    ]
    return [*rows, ["all others", *others]]


def dbt_rows(results: dict) -> list[list[str]]:
    """dbt's fixed part: an empty build, and what it takes by node."""
    rows = []
    for key, name in (("empty", "new warehouse"), ("empty_again", "again, one day later")):
        runs = results["runs"].get(key)
        if runs:
            parts = middle(runs)["parts"]
            total = parts["node_count"]
            rows.append([
                name, *(f"{parts[part]['cpu']:.1f}" for part in ("dbt_start", "dbt_build")),
                str(total), f"{1000 * parts['dbt_build']['cpu'] / total:.0f}",
            ])  # fmt: skip
    return rows


def kernel_rows(results: dict) -> list[list[str]]:
    costs = medians(results)
    lag, loop = costs.get("lag", {}).get("cpu"), costs.get("loop", {}).get("cpu")
    return [
        [
            name, f"{costs[key]['cpu']:.2f}", f"{costs[key]['wall']:.2f}", f"{costs[key]['memory'] / 1e6:,.0f}",
            f"{costs[key]['cpu'] / lag:.2f}", f"{costs[key]['cpu'] / loop:.3f}",
        ]
        for key, name in KERNELS.items()
        if key in costs and lag and loop
    ]  # fmt: skip


def agreement_rows(results: dict) -> list[list[str]]:
    """How many rows were compared with the full build, and how many differed."""
    names = {
        "lower_bound": "lower bound: every mart it computes", "deliveries": "the same inputs in several deliveries, all tables",
        "pandas": "pandas: computed segments of its seven schemes",
        "polars": "polars: computed segments of its seven schemes",
    }  # fmt: skip
    return [
        [name, f"{sum(row[1] for row in found.values()):,}", f"{sum(row[0] for row in found.values()):,}"]
        for key, name in names.items()
        if (found := results["agreement"].get(key))
    ]


def mart_rows(results: dict) -> list[list[str]]:
    return [[name, f"{rows:,}", f"{size / 1e6:,.1f}"] for name, (rows, size) in results.get("marts", {}).items()]


SECTIONS = (
    ("Aims (at most; set for medium)", aim_rows, ["measure", "aim", "measured"]),
    ("Cost", cost_rows, ["contender", "CPU s", "wall s", "memory MB", "CPU ÷ lower bound", "runs"]),
    ("Where this project's CPU seconds go", split_rows,
     ["run", *SPLIT.values(), "SQL ÷ lower bound"]),
    ("SQL work of a delivery", delta_rows,
     ["run", "SQL work", "raw rows read", "noticing", "work apart from noticing", "SQL ÷ full build", "work ÷ full build"]),
    ("Noticing what changed, CPU s for a million raw rows", noticing_rows,
     ["raw rows", "in SQL", "with the loader (hashes of files, counts)"]),
    ("CPU seconds by node, the most costly ones", node_rows, ["node", *PROFILED]),
    ("dbt's fixed part (a build of empty inputs), CPU s", dbt_rows,
     ["build", "start and parse", "build", "nodes", "ms a node"]),
    ("The hysteresis step alone", kernel_rows, ["formulation", "CPU s", "wall s", "memory MB", "÷ lag()", "÷ loop"]),
    ("Agreement with the full build", agreement_rows, ["compared", "rows", "differing"]),
    ("Rows and size of every mart", mart_rows, ["mart", "rows", "MB in the build database"]),
)  # fmt: skip


def title(results: dict) -> str:
    return f"{results['scale']}: {results['stores']:,} stores, {results['lines']:,} order lines, {results['months']} months"


def circumstances(results: dict) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return (
        f"{results['date']}, commit {results.get('commit', '-')}; {results['machine']}; {versions}; "
        f"memory_limit {results['memory_limit']}."
    )


def show(console: Console, results: dict) -> None:
    console.print(f"\n[bold]{title(results)}[/]\n{circumstances(results)}", highlight=False)
    for name, rows, header in SECTIONS:
        if found := rows(results):
            table = Table(title=name, title_justify="left", box=None, title_style="bold")
            for number, column in enumerate(header):
                table.add_column(column, justify="right" if number else "left")
            for row in found:
                table.add_row(*row)
            console.print()
            console.print(table)


def disagreements(results: dict) -> list[str]:
    """Where contenders differ that must not. pandas and polars reckon with binary floats: theirs are counted only."""
    return [
        f"{key}: {rows[0]:,} of {rows[1]:,} rows of {mart}"
        for key in ("lower_bound", "deliveries")
        for mart, rows in results["agreement"].get(key, {}).items()
        if rows[0]
    ] + [
        f"{key}: {results['agreement'][key]:,} rows"
        for key in ("loop", "recursive")
        if results["agreement"].get(key)
    ]  # fmt: skip


# --- docs/performance.md ------------------------------------------------------------------------


def write_documents(results: dict) -> None:
    """Keep the results beside those of other scales, and write the measured part of the page from all."""
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{results['scale']}.json").write_text(json.dumps(results, indent=1) + "\n")
    everything = [
        json.loads(file.read_text())
        for scale in SCALES
        if (file := KEPT / f"{scale}.json").exists()
    ]
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = []
    # tiny is a smoke test: a point of the plots, no more
    for found in (found for found in everything if found["scale"] != "tiny"):
        parts.append(f"### Scale {title(found)}\n\n{circumstances(found)}\n")
        for name, rows, header in SECTIONS:
            if table := rows(found):
                parts.append(f"**{name}**\n\n{markdown(header, table)}\n")
    by_scale = {found["scale"]: found for found in everything}
    if {"small", "long"} <= by_scale.keys():
        header = ["work apart from noticing, CPU s", "36 months", "72 months", "growth", "aim (at most)"]
        rows = growth_rows(by_scale["small"], by_scale["long"])
        parts.append(f"### Twice the history\n\n{markdown(header, rows)}\n")
    missing = [scale for scale in SCALES if scale not in by_scale and scale != "tiny"]
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.\n")
    for name, file in draw(everything).items():
        parts.append(f"![{name}](images/{file})\n")
    PAGE.write_text(before + BEGIN + "\n\n" + "\n".join(parts) + "\n" + END + after)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    rule = "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|"
    return "\n".join(["| " + " | ".join(header) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)])


def draw(everything: list[dict]) -> dict[str, str]:
    """The plots for which there are at least two points."""
    contenders = ("full", "day", "lower_bound", "pandas", "polars")
    by_stores = {
        NAMES[key]: [
            (found["stores"], medians(found)[key]["cpu"])
            for found in everything
            if key in medians(found) and found["months"] == 36
        ]
        for key in contenders
    }
    by_months: dict[str, list[tuple[float, float]]] = {}
    for found in everything:
        for point in found.get("months_curve", []):
            by_months.setdefault(f"{NAMES[point['contender']]}, {found['scale']}", []).append(
                (point["months"], point["cpu"])
            )
    made = {}
    for name, file, axis, lines in (
        ("CPU seconds by number of stores", "cost-by-stores.svg", "stores", by_stores),
        ("CPU seconds by length of history", "cost-by-months.svg", "months of history", by_months),
    ):
        lines = {label: sorted(points) for label, points in lines.items() if len(points) > 1}
        if lines:
            (IMAGES / file).write_text(svg(name, axis, lines))
            made[name] = file
    return made


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 380, 60, 250, 40, 50
COLOURS = ("#20304a", "#1b7f3b", "#b3541e", "#6a3fa0", "#0f7c8f")


def svg(name: str, axis: str, lines: dict[str, list[tuple[float, float]]]) -> str:
    right = max(x for points in lines.values() for x, _ in points)
    top = max(y for points in lines.values() for _, y in points)

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + (WIDTH - LEFT - RIGHT) * x / right, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / top

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(name)}</text>',
        f'<text x="{(WIDTH - RIGHT + LEFT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(axis)}</text>',
    ]
    for step in range(5):
        _, y = at(0, top * step / 4)
        x, _ = at(right * step / 4, 0)
        drawn += [
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dfe3ea"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * step / 4:,.0f}</text>',
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{right * step / 4:,.0f}</text>',
        ]
    for number, (label, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [
            '<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'.format(*at(x, y), colour) for x, y in points
        ]  # fmt: skip
        y = TOP + 18 * number
        drawn += [
            f'<rect x="{WIDTH - RIGHT + 20}" y="{y - 8}" width="10" height="10" fill="{colour}"/>',
            f'<text x="{WIDTH - RIGHT + 36}" y="{y + 1}">{escape(label)}</text>',
        ]
    return "\n".join([*drawn, "</svg>"]) + "\n"
