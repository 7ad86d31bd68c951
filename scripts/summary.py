"""What a build says when it has published: computed by SQL, kept as summary.json, shown as tables."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.publish import Run
from scripts.warehouse import Session, Warehouse

ENTITIES = {"store": "store_id", "rep": "rep_id", "product_group": "product_group_id"}
MOVES = ("promoted", "demoted", "moved", "held", "waiting", "unobserved", "override", "override_ended")
SHOWN_SEGMENTS = 8


def summarize(warehouse: Warehouse, run: Run, remarks: list[str], duration_seconds: float) -> dict:
    """The numbers of a published build, from its tables."""
    nodes = warehouse.nodes()
    with warehouse.reading() as (session, prefix):
        published = {name: f'{prefix}"{node.alias}"' for name, node in nodes.items()}
        built = {name: node.relation for name, node in nodes.items()}
        periods = period_summary(session, built)
        return {
            "run_id": run.run_id,
            "company": run.company,
            "as_of_date": run.as_of_date.isoformat(),
            "published_at": run.published_at.isoformat(),
            "is_snapshot_taken": run.is_snapshot_taken,
            "published": warehouse.place,
            "duration_seconds": round(duration_seconds, 1),
            **periods,
            "made_anew": made_anew(session, warehouse, built),
            "schemes": scheme_summaries(session, built, published, periods["last_closed_period"]),
            "inputs": session.rows(f"select * from {published['fct_input_ledger']} order by table_name"),
            "rejected_rows": session.rows(
                f"select table_name, reason, count(*) as rows from {published['fct_rejected_rows']}"
                " group by 1, 2 order by 1, 3 desc, 2"
            ),
            "policy_remarks": session.rows(
                f"select file, line_key, problem, fix from {published['policy_remarks']} order by 1, 2, 3, 4"
            ),
            "remarks": remarks,
        }


def period_summary(session: Session, built: dict[str, str]) -> dict:
    periods = session.rows(
        "select period_start_date, period_end_date, is_closed, closes_on"
        f" from {built['int_periods']} order by period_index"
    )
    closed = [period for period in periods if period["is_closed"]]
    following = next((period for period in periods if not period["is_closed"]), None)
    return {
        "last_closed_period": dates_as_text(closed[-1]) if closed else None,
        "next_period": dates_as_text(following) if following else None,
    }


def made_anew(session: Session, warehouse: Warehouse, built: dict[str, str]) -> dict:
    """What this build made anew (and what builds before it that were never published did), and why.

    `inputs`: rows that came and went, by table. `tables`: the first period made anew of every table of periods, and
    the inputs that were the reason.
    """
    touched: dict[str, dict] = {}
    for row in session.rows(
        f"select model, from_period_index, reason from {warehouse.record('touched_periods')}"
        f" where touched_at > {warehouse.tested_until} order by touched_at, model"
    ):
        name = row["model"].split(".")[-1]
        known = touched.setdefault(name, {"from": row["from_period_index"], "reasons": set()})
        known["from"] = min((p for p in (known["from"], row["from_period_index"]) if p is not None), default=None)
        known["reasons"] |= set(filter(None, (row["reason"] or "").split(", ")))
    starts = {
        row["period_index"]: period_name(row["period_start_date"], row["period_end_date"])
        for row in session.rows(f"select * from {built['int_periods']}")
    }
    return {
        "inputs": {
            contract_table(name): ", ".join(sorted(change["reasons"]))
            for name, change in sorted(touched.items())
            if name.startswith("base_")
        },
        "tables": {
            name: {"from": starts.get(change["from"]), "because_of": sorted(roots(name, touched, set()))}
            for name, change in sorted(touched.items())
            if not name.startswith("base_") and change["from"] is not None
        },
    }


def roots(name: str, touched: dict[str, dict], seen: set[str]) -> set[str]:
    """The reasons of a table that are no tables made anew themselves."""
    found: set[str] = set()
    for reason in touched[name]["reasons"]:
        if reason.startswith("base_"):
            found.add(contract_table(reason))
        elif reason not in touched:
            found.add(reason)
        elif reason not in seen:
            seen.add(reason)
            found |= roots(reason, touched, seen)
    return found


def contract_table(base_model: str) -> str:
    return base_model.removeprefix("base_").replace("__", "_", 1)


def dates_as_text(period: dict) -> dict:
    name = period_name(period["period_start_date"], period["period_end_date"])
    dates = {key: value.isoformat() for key, value in period.items() if isinstance(value, dt.date)}
    return {"name": name} | dates


def period_name(start: dt.date, end: dt.date) -> str:
    return f"{start:%B %Y}" if (end - start).days > 7 else f"the week from {start:%d %B %Y}"


def scheme_summaries(
    session: Session, built: dict[str, str], published: dict[str, str], last_closed: dict | None
) -> list[dict]:
    schemes = session.rows(
        f"select entity_type, scheme, label from {built['policy_schemes']} order by entity_type, scheme"
    )
    order = {
        (row["entity_type"], row["scheme"], row["segment"]): (row["level"] or 0, row["precedence"] or 0)
        for row in session.rows(f"select * from {built['policy_segments']}")
    }
    known = {}
    for entity_type in ENTITIES:
        known[entity_type] = (
            by_scheme(
                session.rows(
                    "select scheme, segment, count(*) filter (where is_active) as active,"
                    " count(*) filter (where not is_active) as ended"
                    f" from {published[f'fct_{entity_type}_segments_current']} group by 1, 2"
                )
            ),
            by_scheme(
                session.rows(
                    "select scheme, reason, count(*) as entities"
                    f" from {published[f'fct_{entity_type}_segment_history']}"
                    " where period_start_date = cast(? as date) group by 1, 2",
                    [last_closed["period_start_date"] if last_closed else None],
                )
            ),
        )
    result = []
    for scheme in schemes:
        entity_type, name = scheme["entity_type"], scheme["scheme"]
        current, reasons = (rows.get(name, []) for rows in known[entity_type])
        counted = {row["reason"]: row["entities"] for row in reasons}
        # The best segment first; those of a classification have no order: the largest first.
        ranked = sorted(current, key=lambda row: (-row["active"], row["segment"]))
        ranked.sort(key=lambda row: order.get((entity_type, name, row["segment"]), (0, 0)), reverse=True)
        result.append(
            scheme
            | {"entities": sum(row["active"] for row in current), "ended": sum(row["ended"] for row in current)}
            | {"segments": {row["segment"]: row["active"] for row in ranked if row["active"]}}
            | {reason: counted.get(reason, 0) for reason in MOVES}
        )
    return result


def by_scheme(rows: list[dict]) -> dict[str, list[dict]]:
    result: dict[str, list[dict]] = {}
    for row in rows:
        result.setdefault(row["scheme"], []).append(row)
    return result


def write_summary(file: Path, summary: dict) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(json.dumps(summary, indent=2, default=str) + "\n")
    os.replace(new, file)


# --- for people --------------------------------------------------------------------------------


def show(console: Console, warehouse: Warehouse, summary: dict) -> None:
    last, following = summary["last_closed_period"], summary["next_period"]
    console.print()
    console.print(f"[bold]Segments of company {summary['company']} as of {summary['as_of_date']}[/]")
    if last:
        console.print(f"Last closed period: [bold]{last['name']}[/].", end=" ")
    else:
        console.print("No period is closed yet: every entity has its default segment.", end=" ")
    if following:
        name = following["name"]
        console.print(f"{name[0].upper() + name[1:]} closes on {following['closes_on']}.")
    else:
        console.print()
    for entity_type in ENTITIES:
        show_schemes(console, entity_type, [row for row in summary["schemes"] if row["entity_type"] == entity_type])
    show_rows(console, summary)
    show_made_anew(console, summary["made_anew"])
    for remark in summary["policy_remarks"]:
        fix = remark["fix"] or ""
        text = f"{remark['file']} ({remark['line_key']}): {remark['problem']}. {fix[:1].upper()}{fix[1:]}"
        console.print(f"[yellow]Remark[/] {escape(text)}", soft_wrap=True)
    for remark in summary["remarks"]:
        console.print(f"[yellow]Remark[/] {escape(remark)}", soft_wrap=True)
    show_end(console, warehouse, summary)


def show_schemes(console: Console, entity_type: str, schemes: list[dict]) -> None:
    if not schemes:
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(f"{entity_type.replace('_', ' ')}s")
    table.add_column("in each segment now")
    for heading in ("promoted", "demoted", "moved", "held*", "waiting"):
        table.add_column(heading, justify="right")
    for row in schemes:
        counts = [f"{segment} {count:,}" for segment, count in row["segments"].items()]
        if len(counts) > SHOWN_SEGMENTS:
            counts = counts[:SHOWN_SEGMENTS] + [f"and {len(counts) - SHOWN_SEGMENTS} more"]
        moves = (f"{row[name]:,}" for name in ("promoted", "demoted", "moved", "held", "waiting"))
        table.add_row(row["scheme"], " · ".join(counts), *moves)
    console.print(table)


def show_rows(console: Console, summary: dict) -> None:
    last = summary["last_closed_period"]
    console.print(
        f"promoted to waiting: in {last['name'] if last else 'no period yet'};"
        " * in their segment only by hysteresis: plain thresholds would give a lower one",
        style="dim",
    )
    rejected: dict[str, list[str]] = {}
    for row in summary["rejected_rows"]:
        rejected.setdefault(row["table_name"], []).append(f"{row['rows']:,} {row['reason']}")
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("rejected rows")
    table.add_column("by reason")
    for name, reasons in rejected.items():
        table.add_row(name, ", ".join(reasons))
    console.print(table if rejected else "No row was rejected.")
    later = ", ".join(
        f"{row['rows_not_yet_known']:,} {row['table_name']}" for row in summary["inputs"] if row["rows_not_yet_known"]
    )
    if later:
        console.print(f"Dated after {summary['as_of_date']} and so not yet known: {later}.")


def show_made_anew(console: Console, made: dict) -> None:
    came = ", ".join(f"{table} ({change})" for table, change in made["inputs"].items() if change != "first build")
    if came:
        console.print(f"Changed: {came}.", soft_wrap=True)
    judged = {
        name: made["tables"][table]
        for name in ENTITIES
        if (table := f"fct_{name}_segment_history") in made["tables"] and made["tables"][table]["from"]
    }
    for name, change in judged.items():
        reason = ", ".join(change["because_of"])
        console.print(f"Segments of {name.replace('_', ' ')}s were worked out from {change['from']} on: {reason}.")
    if not judged:
        console.print("No period that is judged was touched: the history stays as it was.")


def show_end(console: Console, warehouse: Warehouse, summary: dict) -> None:
    console.print()
    console.print(
        f"[bold green]Published[/] {escape(warehouse.place)} ({warehouse.published_size()}) in"
        f" {summary['duration_seconds']:.0f} s. {warehouse.how_to_open()};"
        " start with fct_store_segments_current, and see in"
        " fct_store_segment_history and fct_store_segment_evidence why and since when."
        f" These numbers are in {warehouse.summary}.",
        soft_wrap=True,
    )
