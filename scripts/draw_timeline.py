"""Draw why a store is in its segment: its value, the thresholds and the segments over the periods, as SVG.

    python -m scripts.draw_timeline S-STORY-HOVER perfect_store --output timeline.svg

Read from the published file. Of evidence it holds the last periods and those of a change: between
them the thresholds are drawn as they were when last published.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from pathlib import Path
from typing import Annotated
from xml.sax.saxutils import escape

import duckdb
import typer

WIDTH, HEIGHT = 920, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 130, 52, 78
BANDS = ("#dfe3ea", "#bfe3c6", "#fbe3a6", "#c9daf8", "#f5c6c6", "#e0cdf2")
INK = "#20304a"
LINES = {"enter": "#1b7f3b", "exit": "#b3541e"}

PERIODS = """
    select
        history.period_start_date, history.segment, metrics.{metric} as value,
        max(case when evidence.segment = ? then evidence.enter_threshold end) as enter,
        max(case when evidence.segment = ? then evidence.exit_threshold end) as exit
    from fct_store_segment_history as history
    inner join fct_store_metrics as metrics using (store_id, period_index)
    left join fct_store_segment_evidence as evidence
        on
            evidence.store_id = history.store_id
            and evidence.scheme = history.scheme
            and evidence.period_index = history.period_index
            and evidence.metric = ?
    where history.store_id = ? and history.scheme = ?
    group by all
    order by 1
"""


class Nothing(Exception):
    """There is nothing to draw; the message says why."""


def main(
    store_id: Annotated[str, typer.Argument(help="The store.")],
    scheme: Annotated[str, typer.Argument(help="The scheme.")],
    output: Annotated[Path | None, typer.Option(help="SVG file; left out: printed.")] = None,
    warehouse_dir: Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="Folder of the result.")] = "warehouse",
    metric: Annotated[str, typer.Option(help="Metric of the scheme; left out: its first.")] = "",
    segment: Annotated[str, typer.Option(help="Segment whose thresholds are drawn; left out: its first.")] = "",
) -> None:
    """Draw the timeline of one store in one scheme."""
    try:
        picture = timeline(Path(warehouse_dir) / "segmentation.duckdb", store_id, scheme, metric, segment)
    except (Nothing, duckdb.Error) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(picture, encoding="utf-8")
    else:
        typer.echo(picture, nl=False)


def timeline(published: Path, store_id: str, scheme: str, metric: str = "", segment: str = "") -> str:
    if not published.exists():
        raise Nothing(f"{published} is not there: make build comes first.")
    with duckdb.connect(str(published), read_only=True) as con:
        conditions = con.execute(
            "select distinct metric, segment from fct_store_segment_evidence"
            " where store_id = ? and scheme = ? and enter_threshold is not null order by all",
            [store_id, scheme],
        ).fetchall()
        conditions = [
            (of_metric, of_segment)
            for of_metric, of_segment in conditions
            if metric in ("", of_metric) and segment in ("", of_segment)
        ]
        if not conditions:
            asked = " ".join(filter(None, (metric, segment)))
            raise Nothing(f"There is no evidence for store {store_id}, scheme {scheme} {asked}".rstrip() + ".")
        metric, segment = conditions[0]
        sql = PERIODS.format(metric='"' + metric.replace('"', '""') + '"')
        rows = con.execute(sql, [segment, segment, metric, store_id, scheme]).fetchall()
    if all(row[2] is None for row in rows):
        raise Nothing(f"{metric} of store {store_id} was never observed: there is no value to draw.")
    return draw(rows, f"Store {store_id}, scheme {scheme}", metric, segment)


def draw(rows: list[tuple], title: str, metric: str, segment: str) -> str:
    """rows: period start, segment, value, enter threshold, exit threshold."""
    numbers = [float(number) for row in rows for number in row[2:] if number is not None]
    low, high = min(numbers), max(numbers)
    margin = (high - low or 1) * 0.12
    low, high = low - margin, high + margin
    step = (WIDTH - LEFT - RIGHT) / len(rows)
    floor = HEIGHT - BOTTOM

    def x(position: float) -> float:
        return round(LEFT + position * step, 1)

    def y(value) -> float:
        return round(floor - (float(value) - low) / (high - low) * (floor - TOP), 1)

    segments = list(dict.fromkeys(row[1] for row in rows))
    colour = {name: BANDS[number % len(BANDS)] for number, name in enumerate(segments)}
    parts = [text(LEFT, 24, title, size=16, weight="bold"), text(LEFT, 42, f"{metric}, thresholds of {segment}")]
    for name, run in groupby(enumerate(rows), key=lambda numbered: numbered[1][1]):
        positions = [position for position, _ in run]
        left, right = x(positions[0]), x(positions[-1] + 1)
        parts.append(box(left, TOP, round(right - left, 1), floor - TOP, colour[name]))
    for position in range(0, len(rows), max(1, len(rows) // 12)):
        parts.append(text(x(position + 0.5), floor + 18, month(rows[position][0]), anchor="middle"))
    for place, (name, stroke) in enumerate(LINES.items(), start=3):
        line = steps([row[place] for row in rows])
        points = " ".join(f"{x(n)},{y(v)} {x(n + 1)},{y(v)}" for n, v in enumerate(line) if v is not None)
        parts.append(line_through(points, stroke, 'stroke-width="1.5" stroke-dasharray="6 4"'))
        parts.append(text(WIDTH - RIGHT + 8, y(line[-1]) + 4, f"{name} {float(line[-1]):g}", fill=stroke))
    for run in observed_runs([row[2] for row in rows]):
        points = " ".join(f"{x(n + 0.5)},{y(v)}" for n, v in run)
        parts.append(line_through(points, INK, 'stroke-width="2"'))
        parts += [f'<circle cx="{x(n + 0.5)}" cy="{y(v)}" r="3.5" fill="{INK}"/>' for n, v in run]
    for number, name in enumerate(segments):
        left = LEFT + number * 130
        parts.append(box(left, HEIGHT - 34, 16, 16, colour[name]))
        parts.append(text(left + 22, HEIGHT - 21, name))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' font-family="sans-serif" role="img">\n<title>{escape(title)}</title>\n'
        + box(0, 0, WIDTH, HEIGHT, "#ffffff")
        + "\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def steps(thresholds: list) -> list:
    """Gaps filled from the period before, those at the start from the first one known."""
    known = next((value for value in thresholds if value is not None), None)
    filled = []
    for value in thresholds:
        known = value if value is not None else known
        filled.append(known)
    return filled


def observed_runs(values: list) -> list[list[tuple]]:
    """(position, value) of the values that follow each other without a gap."""
    runs, run = [], []
    for position, value in enumerate([*values, None]):
        if value is not None:
            run.append((position, value))
        elif run:
            runs.append(run)
            run = []
    return runs


def month(day: dt.date) -> str:
    return f"{day:%b %y}"


def box(left: float, top: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}"/>'


def line_through(points: str, stroke: str, style: str) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{stroke}" {style}/>'


def text(left: float, top: float, content: str, size=12, weight="normal", anchor="start", fill=INK) -> str:
    return (
        f'<text x="{left}" y="{top}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(content)}</text>"
    )


if __name__ == "__main__":
    typer.run(main)
