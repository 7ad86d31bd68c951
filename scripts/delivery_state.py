"""What every receiver has been sent, and what is on its way to it: an SQLite file beside the published one.

A change goes through the outbox. Its batch, its number and its key are written there, all changes of a target in
one transaction, before anything is sent; when the receiver has it, the same transaction takes it out and remembers
its content as delivered. So whatever is killed when, the next delivery goes on with the same batches and keys.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scripts.warehouse import RefreshError

# Of 4 KB.
MANY_PAGES = 5_000


class Change(NamedTuple):
    sequence: int
    key: str
    operation: str
    content: dict


@dataclass(frozen=True)
class Batch:
    number: int
    target: str
    kind: str
    key: str
    delivery_id: str
    company: str
    as_of_date: str
    recipient_type: str | None = None
    recipient_id: str | None = None


class Draft(NamedTuple):
    """A change before it has its number."""

    stream: int
    entity_id: str
    item: str
    operation: str
    hash: bytes | None
    content: str


class DeliveryState:
    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def setting(self, name: str) -> str:
        return self.connection.execute("select value from settings where name = ?", [name]).fetchone()[0]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def check_company(self, company: str, folder: Path) -> None:
        known = self.connection.execute("select value from settings where name = 'company'").fetchone()
        if known is None:
            self.connection.execute("insert into settings values ('company', ?)", [company])
        elif known[0] != company:
            raise RefreshError(
                f"{folder} holds what was delivered of company '{known[0]}', and '{company}' is published: give this"
                " one a warehouse of its own (WAREHOUSE_DIR=dir), or move that folder away."
            )

    # --- targets ---------------------------------------------------------------------------------

    def scope(self, target: str) -> dict | None:
        """The filters of the target's last delivery; none before the first."""
        row = self.connection.execute("select scope from targets where target = ?", [target]).fetchone()
        return json.loads(row[0]) if row else None

    def set_scope(self, target: str, scope: dict) -> None:
        # Numbers begin at the clock's milliseconds, so that they go on rising where a state was lost.
        self.connection.execute(
            "insert into targets values (?, ?, ?) on conflict (target) do update set scope = excluded.scope",
            [target, json.dumps(scope), int(time.time() * 1000)],
        )

    def targets(self) -> list[str]:
        return [name for (name,) in self.connection.execute("select target from targets order by 1")]

    def forget(self, target: str) -> None:
        """As if nothing had ever been sent; only its numbers go on."""
        with self.transaction():
            self.drop_waiting(target)
            streams = "(select stream from streams where target = ?)"
            self.connection.execute(f"delete from delivered where stream in {streams}", [target])
            self.connection.execute("update targets set scope = 'null' where target = ?", [target])

    def streams(self, target: str) -> dict[tuple[str, str], int]:
        """(kind, entity type) of what was ever sent to a target."""
        found = self.connection.execute("select kind, entity_type, stream from streams where target = ?", [target])
        return {(kind, entity_type): stream for kind, entity_type, stream in found}

    def stream(self, target: str, kind: str, entity_type: str) -> int:
        self.connection.execute(
            "insert into streams (target, kind, entity_type) values (?, ?, ?) on conflict do nothing",
            [target, kind, entity_type],
        )
        return self.streams(target)[kind, entity_type]

    # --- delivered -------------------------------------------------------------------------------

    def known(self, stream: int) -> Iterator[tuple[str, str, bytes]]:
        """(entity, item, hash) that the receiver has, or has when what waits has been sent; in the order of the key,
        byte by byte."""
        waits = self.connection.execute("select 1 from outbox where stream = ? limit 1", [stream]).fetchone()
        delivered = "select entity_id, item, hash from delivered where stream = :stream"
        if waits:
            delivered += """ and not exists (
                select 1 from outbox
                where
                    outbox.stream = delivered.stream
                    and outbox.entity_id = delivered.entity_id
                    and outbox.item = delivered.item
            )
            union all
            select entity_id, item, hash from outbox where stream = :stream and hash is not null"""
        yield from self.connection.execute(f"{delivered} order by entity_id, item", {"stream": stream})

    def knows(self, stream: int, entity_id: str) -> bool:
        query = "select 1 from {} where stream = ? and entity_id = ? and item = ''"
        return any(
            self.connection.execute(query.format(table), [stream, entity_id]).fetchone()
            for table in ("delivered", "outbox")
        )

    def mark(self, rows: Iterable[tuple[int, str, str, bytes]]) -> None:
        self.connection.executemany("insert or replace into delivered values (?, ?, ?, ?)", rows)

    def unmark(self, keys: Iterable[tuple[int, str, str]]) -> None:
        self.connection.executemany("delete from delivered where stream = ? and entity_id = ? and item = ?", keys)

    # --- the outbox ------------------------------------------------------------------------------

    def journal(self, batch: Batch, drafts: list[Draft]) -> None:
        """Number the changes of a batch, and put it into the outbox. Its number is given by the state."""
        (last,) = self.connection.execute("select sequence from targets where target = ?", [batch.target]).fetchone()
        state = self.setting("id")
        numbered = []
        for sequence, draft in enumerate(drafts, start=last + 1):
            # The number makes the way there and back again three changes; the state's id tells a new state from an old.
            told = (state, batch.target, batch.kind, draft.operation, draft.content, str(sequence))
            key = hashlib.sha256("\x1f".join(told).encode()).hexdigest()[:32]
            numbered.append((sequence, key, draft))
        cursor = self.connection.execute(
            "insert into batches (target, kind, key, delivery_id, company, as_of_date, recipient_type, recipient_id)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(batch.target, batch.kind, batch_key(key for _, key, _ in numbered), batch.delivery_id),
                *(batch.company, batch.as_of_date, batch.recipient_type, batch.recipient_id),
            ],
        )
        self.connection.executemany(
            "insert into outbox (batch, sequence, stream, entity_id, item, operation, key, hash, content)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (cursor.lastrowid, sequence, draft.stream, draft.entity_id, draft.item)
                + (draft.operation, key, draft.hash, draft.content)
                for sequence, key, draft in numbered
            ),
        )
        self.connection.execute("update targets set sequence = ? where target = ?", [numbered[-1][0], batch.target])

    def waiting(self, target: str) -> list[int]:
        """Batches in the order in which they were made."""
        found = self.connection.execute("select batch from batches where target = ? order by batch", [target])
        return [number for (number,) in found]

    def waiting_changes(self, target: str) -> int:
        query = "select count(*) from outbox inner join batches using (batch) where target = ?"
        return self.connection.execute(query, [target]).fetchone()[0]

    def batch(self, number: int) -> tuple[Batch, list[Change]]:
        row = self.connection.execute(
            "select batch, target, kind, key, delivery_id, company, as_of_date, recipient_type, recipient_id"
            " from batches where batch = ?",
            [number],
        ).fetchone()
        changes = self.connection.execute(
            "select sequence, key, operation, content from outbox where batch = ? order by sequence", [number]
        )
        return Batch(*row), [Change(*rest, json.loads(content)) for *rest, content in changes]

    def acknowledge(self, number: int, accepted: set[str] | None = None) -> int:
        """The receiver has the batch, or those of its changes (by key). What is left becomes a batch with a key of its
        own: a receiver that remembers keys must not take it for the one that it has seen. Returns how many are left."""
        run = self.connection.execute
        with self.transaction():
            run("create temp table if not exists accepted (sequence integer primary key)")
            run("delete from temp.accepted")
            if accepted is None:
                run("insert into temp.accepted select sequence from outbox where batch = ?", [number])
            else:
                found = run("select sequence, key from outbox where batch = ?", [number]).fetchall()
                rows = [(sequence,) for sequence, key in found if key in accepted]
                self.connection.executemany("insert into temp.accepted values (?)", rows)
            those = "from outbox where batch = :batch and sequence in (select sequence from temp.accepted)"
            here = {"batch": number}
            run(
                f"insert or replace into delivered select stream, entity_id, item, hash {those} and hash is not null",
                here,
            )
            run(
                "delete from delivered where (stream, entity_id, item) in"
                f" (select stream, entity_id, item {those} and hash is null)",
                here,
            )
            run(f"delete {those}", here)
            left = run("select key from outbox where batch = ? order by sequence", [number]).fetchall()
            if not left:
                run("delete from batches where batch = ?", [number])
            elif accepted:
                run("update batches set key = ? where batch = ?", [batch_key(key for (key,) in left), number])
        return len(left)

    def shrink(self) -> None:
        """Give back the room of a large outbox, such as that of a first delivery."""
        free, pages = (
            self.connection.execute(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count")
        )
        if free > max(MANY_PAGES, pages // 2):
            self.connection.execute("vacuum")

    def drop_waiting(self, target: str) -> None:
        batches = "(select batch from batches where target = ?)"
        self.connection.execute(f"delete from outbox where batch in {batches}", [target])
        self.connection.execute("delete from batches where target = ?", [target])


def batch_key(keys: Iterable[str]) -> str:
    return hashlib.sha256("".join(keys).encode()).hexdigest()[:32]
