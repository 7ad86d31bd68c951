"""Publishes the listed tables of the build, at once or not at all."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
from dataclasses import dataclass

from scripts.warehouse import (
    Node,
    RefreshError,
    Session,
    Warehouse,
    columns_of,
    create_runs_sql,
    published_spec,
)


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


def publish(warehouse: Warehouse, run: Run, duration_seconds: float, readers: list[str]) -> None:
    """Copy the listed columns beside the published state, check them, and switch. `readers`: roles that
    may read (where the engine knows roles)."""
    nodes, spec = warehouse.nodes(), published_spec()
    with warehouse.publishing(nodes, readers) as (session, target):
        columns = columns_to_publish(session, nodes, spec)
        for name, table in spec["tables"].items():
            if name != "fct_runs":
                select = select_sql(nodes, name, table, columns[name], spec["evidence_periods"])
                session.run(f'create table {target}"{nodes[name].alias}" as {select}')
        write_runs(session, target, nodes, run, duration_seconds)
        check_published(session, target, nodes, columns)


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


def select_sql(nodes: dict[str, Node], name: str, table: dict, columns: list[str], evidence_periods: int) -> str:
    source = nodes[name].relation
    chosen = ", ".join(f'rows_in_build."{column}"' for column in columns)
    select = f"select {chosen} from {source} as rows_in_build"
    if "evidence" not in table:
        return select
    key = table["evidence"]["key"]
    history = nodes[table["evidence"]["history"]].relation
    return f"""{select}
        where rows_in_build.period_index > (select max(period_index) from {history}) - {evidence_periods}
            or exists (
                select 1 from {history} as changes
                where changes.is_change
                    and changes.{key} = rows_in_build.{key}
                    and changes.scheme = rows_in_build.scheme
                    and changes.period_index = rows_in_build.period_index
            )"""


def write_runs(session: Session, target: str, nodes: dict[str, Node], run: Run, duration_seconds: float) -> None:
    """The runs on record, and this one."""
    node = nodes["fct_runs"]
    runs = f'{target}"{node.alias}"'
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
