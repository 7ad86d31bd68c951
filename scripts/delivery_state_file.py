"""The file of the delivery state: made, opened by one delivery at a time, and known when it is lost or damaged."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from scripts.delivery_state import DeliveryState
from scripts.warehouse import RefreshError, Warehouse

FORMAT = "1"
TABLES = """
create table settings (name text primary key, value text not null) without rowid;

create table targets (
    target text primary key,
    scope text not null,        -- the filters of its last delivery
    sequence integer not null   -- number of its last change
) without rowid;

create table streams (
    stream integer primary key,
    target text not null,
    kind text not null,
    entity_type text not null,  -- empty for alerts
    unique (target, kind, entity_type)
);

create table delivered (
    stream integer not null,
    entity_id text not null,
    item text not null,
    hash blob not null,         -- of the content that the receiver has
    primary key (stream, entity_id, item)
) without rowid;

create table batches (
    batch integer primary key,
    target text not null,
    kind text not null,
    key text not null,
    delivery_id text not null,
    company text not null,
    as_of_date text not null,
    recipient_type text,        -- of a notification
    recipient_id text
);

create table outbox (
    batch integer not null,
    sequence integer not null,
    stream integer not null,
    entity_id text not null,
    item text not null,
    operation text not null,
    key text not null,
    hash blob,
    content text not null,
    primary key (batch, sequence)
) without rowid;

-- One change of a key at a time is on its way.
create unique index outbox_of_key on outbox (stream, entity_id, item);
"""


def folder_of(warehouse: Warehouse) -> Path:
    return warehouse.path / "delivery"


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """One delivery of a warehouse at a time. It is no build's lock: each may work while the other does."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshError(f"Another delivery is at work in {folder}: wait for it to end.") from None
        for spilled in folder.parent.glob(".reading-*"):  # of killed ones
            shutil.rmtree(spilled, ignore_errors=True)
        yield


@contextmanager
def opened(folder: Path, is_read_only: bool = False) -> Iterator[DeliveryState]:
    """The state; a new one where there was none. Read-only, nothing is made: what is missing is an empty one."""
    file, mark = folder / "state.sqlite", folder / "state.id"
    expected = mark.read_text().strip() if mark.exists() else None
    if expected and not (file.exists() and file.stat().st_size):
        raise RefreshError(
            f"{file} is gone, which says what was delivered. Bring it back, or remove {folder}: the next delivery then"
            " sends everything (or nothing, with FROM_NOW=1)."
        )
    where = str(file)
    if is_read_only:
        is_there = file.exists() and file.stat().st_size
        where = f"{file.resolve().as_uri()}?mode=ro" if is_there else "file::memory:"
    try:
        with closing(sqlite3.connect(where, uri=where.startswith("file:"), isolation_level=None)) as connection:
            state = DeliveryState(connection)
            if not is_read_only:
                os.chmod(file, 0o600)  # what waits may hold contact data
                connection.execute("pragma journal_mode = wal")
                connection.execute("pragma synchronous = full")
            if not connection.execute("select 1 from sqlite_master where name = 'settings'").fetchone():
                make_tables(state)
            if state.setting("format") != FORMAT:
                raise RefreshError(f"{file} was written by another version of this project: deliver with that one.")
            if expected and state.setting("id") != expected:
                raise RefreshError(f"{file} is not the one that belongs to {mark.name}: bring that one back.")
            if not expected and not is_read_only:
                write_whole(mark, state.setting("id"))
            yield state
    except sqlite3.OperationalError as error:
        raise RefreshError(f"{file} cannot be used ({error}).") from None
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a fault of ours
        raise RefreshError(
            f"{file} is damaged ({error}). It says what was delivered: bring a copy back, or remove {folder}; the next"
            " delivery then sends everything (or nothing, with FROM_NOW=1)."
        ) from None


def make_tables(state: DeliveryState) -> None:
    with state.transaction():
        for statement in TABLES.split(";\n\n"):
            state.connection.execute(statement)
        settings = {"format": FORMAT, "id": uuid.uuid4().hex}
        state.connection.executemany("insert into settings values (?, ?)", settings.items())


def write_whole(file: Path, text: str) -> None:
    new = file.with_name(f"{file.name}.new")
    with open(new, "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(new, file)
