"""Publishes the listed tables of the build, at once or not at all."""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import json
from dataclasses import dataclass

from scripts.warehouse import (
    PACKAGE,
    Node,
    RefreshError,
    Session,
    Warehouse,
    columns_of,
    create_runs_sql,
    published_spec,
)

# later than every period: nothing of a table was made anew
AFTER_ALL = 1_000_000


@dataclass(frozen=True)
class Run:
    """What is recorded of one build."""

    run_id: str
    company: str
    as_of_date: dt.date
    published_at: dt.datetime
    is_snapshot_taken: bool
    policy_hash: str
    dbt_version: str
    project_version: str


def publish(warehouse: Warehouse, run: Run, duration_seconds: float, readers: list[str]) -> str:
    """Write the listed columns beside the published state, check them, and switch. Where what is published is the
    state that this build had before, only periods made anew since then are written. `readers`: roles that may
    read (where the engine knows roles). Gives what Warehouse.mark_published records."""
    nodes, spec = warehouse.nodes(), published_spec()
    layout = layout_of(nodes, spec)
    touched = warehouse.touched_since_published(layout)
    with warehouse.publishing(nodes, readers, on_top=touched is not None) as (session, target):
        columns = columns_to_publish(session, nodes, spec)
        windows = evidence_windows(session, target, nodes, spec, is_on_top=touched is not None)
        for name, table in spec["tables"].items():
            if name != "fct_runs":
                first = first_to_write(nodes, name, table, touched, windows)
                relation, window = f'{target}"{nodes[name].alias}"', windows.get(name)
                write_table(session, relation, nodes, name, table, columns[name], first, window)
        write_runs(session, target, nodes, run, duration_seconds)
        check_published(session, target, nodes, columns)
    return layout


def layout_of(nodes: dict[str, Node], spec: dict) -> str:
    """A hash of what is published, and from where: with another one nothing that is published may stay."""
    relations = {name: (nodes[name].relation, nodes[name].package) for name in spec["tables"] if name in nodes}
    return hashlib.sha256(json.dumps([spec, relations]).encode()).hexdigest()


@dataclass(frozen=True)
class Window:
    """Evidence is published of the periods after `start`; before this run it was of those after `start_before`."""

    start: int
    start_before: int | None


def evidence_windows(session: Session, target: str, nodes: dict[str, Node], spec: dict, is_on_top: bool) -> dict:
    found = {}
    for name, table in spec["tables"].items():
        if "evidence" in table:
            judged = nodes[table["evidence"]["made_from"][-1]]
            starts = [
                session.rows(f"select max(period_index) as last_period_index from {relation}")[0]["last_period_index"]
                for relation in (judged.relation, f'{target}"{judged.alias}"')[: 1 + is_on_top]
            ]
            starts = [(last or 0) - spec["evidence_periods"] for last in starts]
            found[name] = Window(starts[0], starts[1] if is_on_top else None)
    return found


def first_to_write(
    nodes: dict[str, Node], name: str, table: dict, touched: dict[str, int] | None, windows: dict[str, Window]
) -> int | None:
    """First period of a published table that is to be written; none: all of it."""
    if touched is None:
        return None
    sources = [name]
    if "evidence" in table:
        if nodes[name].package != PACKAGE or windows[name].start < windows[name].start_before:
            return None
        sources = table["evidence"]["made_from"]
    if any(nodes[source].materialized not in ("periodic", "stepwise") for source in sources):
        return None
    return min(touched.get(source, AFTER_ALL) for source in sources)


def write_table(
    session: Session,
    relation: str,
    nodes: dict[str, Node],
    name: str,
    table: dict,
    columns: list[str],
    first: int | None,
    window: Window | None,
) -> None:
    if first is None:
        session.run(f"drop table if exists {relation}")
        session.run(f"create table {relation} as {select_sql(nodes, name, table, columns, window)}")
        return
    if window and window.start > window.start_before:
        # what leaves the window, but for the periods of a change
        changes = changes_sql(nodes, table, relation)
        session.run(
            f"delete from {relation} where period_index > {window.start_before} and period_index <= {window.start}"
            + (f" and not exists ({changes})" if changes else "")
        )
    if first < AFTER_ALL:
        session.run(f"delete from {relation} where period_index >= {first}")
        session.run(f"insert into {relation} {select_sql(nodes, name, table, columns, window, first)}")


def columns_to_publish(session: Session, nodes: dict[str, Node], spec: dict) -> dict[str, list[str]]:
    """The listed columns of every table, those of a pattern spelled out; an error when one is missing."""
    missing, result = [], {}
    for name, table in spec["tables"].items():
        if name == "fct_runs":
            continue
        have = columns_of(session, nodes[name]) if name in nodes else []
        listed = list(table["columns"])
        missing += [f"{name}.{column}" if have else name for column in listed if column not in have]
        pattern = table.get("pattern")
        result[name] = listed + [
            column for column in have if pattern and column not in listed and fnmatch.fnmatch(column, pattern)
        ]
    if missing:
        raise RefreshError(
            "These tables or columns of scripts/published.yml are not in the build database: "
            + ", ".join(dict.fromkeys(missing))
            + ". Nothing was published."
        )
    return result


def select_sql(
    nodes: dict[str, Node], name: str, table: dict, columns: list[str], window: Window | None, first: int | None = None
) -> str:
    """What is published of a table, of the periods from `first` on. Evidence in two parts, so that of the periods
    before the window only those of a change are looked at."""
    chosen = ", ".join(f'rows_in_build."{column}"' for column in columns)
    select = f"select {chosen} from {nodes[name].relation} as rows_in_build"
    wanted = [f"rows_in_build.period_index >= {first}"] if first is not None else []
    if window is None:
        return " where ".join([select, *wanted])
    recent = [*wanted, f"rows_in_build.period_index > {window.start}"]
    changes = changes_sql(nodes, table, "rows_in_build")
    if not changes:
        return f"{select} where {' and '.join(recent)}"
    earlier = [*wanted, f"rows_in_build.period_index <= {window.start}", f"exists ({changes})"]
    return f"{select} where {' and '.join(recent)} union all {select} where {' and '.join(earlier)}"


def changes_sql(nodes: dict[str, Node], table: dict, evidence: str) -> str | None:
    """A select that finds whether a row of evidence is of a change, where the periods of changes stay."""
    if "changes" not in table["evidence"]:
        return None
    history, key = table["evidence"]["changes"]["history"], table["evidence"]["changes"]["key"]
    return (
        f"select 1 from {nodes[history].relation} as changes where changes.is_change"
        f" and changes.{key} = {evidence}.{key} and changes.scheme = {evidence}.scheme"
        f" and changes.period_index = {evidence}.period_index"
    )


def write_runs(session: Session, target: str, nodes: dict[str, Node], run: Run, duration_seconds: float) -> None:
    """The runs on record, and this one."""
    node = nodes["fct_runs"]
    runs = f'{target}"{node.alias}"'
    session.run(f"drop table if exists {runs}")
    session.run(create_runs_sql(runs))
    known = published_spec()["tables"]["fct_runs"]["columns"]
    carried = ", ".join(column for column in columns_of(session, node) if column in known)
    session.run(f"insert into {runs} ({carried}) select {carried} from {node.relation}")
    counts = ("rows_in", "rows_staged", "rows_rejected", "rows_not_yet_known")
    ledger = session.rows(
        f"select table_name, {', '.join(counts)} from {nodes['fct_input_ledger'].relation} order by table_name"
    )
    record = vars(run) | {
        **{count: sum(row[count] or 0 for row in ledger) for count in counts},
        "input_counts": json.dumps({row["table_name"]: {count: row[count] for count in counts} for row in ledger}),
        "duration_seconds": round(duration_seconds, 3),
    }
    session.run(
        f"insert into {runs} ({', '.join(record)}) values ({', '.join('?' for _ in record)})", list(record.values())
    )


def check_published(session: Session, target: str, nodes: dict[str, Node], columns: dict[str, list[str]]) -> None:
    """What was written is what is listed, to the column."""
    for name, wanted in columns.items():
        have = session.columns(f'{target}"{nodes[name].alias}"')
        if have != wanted:
            raise RefreshError(f"The published {name} has the columns {have}, not {wanted}. Nothing was published.")
