"""How a batch reaches a receiver: as a file, over HTTP, or into a table. Notifications are in delivery_alerts.py.

A sender is handed a batch as often as it takes. It says which changes the receiver has (None: all), or raises
TryAgain, or Refused where trying again is of no use before somebody has put something right.
"""

from __future__ import annotations

import email.utils
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg2
import requests
from psycopg2.extras import execute_values

from scripts.delivery_config import FileTarget, Secrets, TableTarget, WebhookTarget, filled_url
from scripts.delivery_source import DATE, KINDS, TEXT, Kind
from scripts.delivery_state import Batch, Change
from scripts.sql_text import first_line, literal, quoted

# Receivers that answer so are busy or broken, and not of another opinion.
TRANSIENT = {408, 425, 429}


class TryAgain(Exception):
    """The receiver may take it later: after so many seconds, where it said so. It may have taken a part."""

    def __init__(self, reason: str, after: float | None = None, has_progress: bool = False):
        super().__init__(reason)
        self.after, self.has_progress = after, has_progress


class Refused(Exception):
    """The receiver will not take it as it is."""


class Sender(Protocol):
    # Whether a batch that fails holds up those behind it: of one entity, the earlier change comes first.
    is_ordered: bool

    def send(self, batch: Batch, changes: list[Change]) -> set[str] | None: ...

    def close(self) -> None: ...


def flat(batch: Batch, change: Change) -> dict:
    """A change as a row of a file or a table."""
    about = {
        "key": change.key,
        "sequence": change.sequence,
        "operation": change.operation,
        "delivery_id": batch.delivery_id,
        "as_of_date": batch.as_of_date,
    }
    return about | change.content


# --- files -----------------------------------------------------------------------------------------


class FileSender:
    """A file for each batch, named after its numbers and its key: one that is sent again takes its own place."""

    is_ordered = True
    ABOUT = {"key": TEXT, "sequence": "bigint", "operation": TEXT, "delivery_id": TEXT, "as_of_date": DATE}

    def __init__(self, target: FileTarget):
        self.target = target

    def send(self, batch: Batch, changes: list[Change]) -> None:
        folder = self.target.folder
        name = f"{batch.target}_{batch.kind}_{changes[0].sequence}_{batch.key[:12]}.{self.target.kind}"
        lines, new = folder / f".{name}.lines", folder / f".{name}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(lines, "w", encoding="utf-8") as handle:
                for change in changes:
                    handle.write(json.dumps(flat(batch, change), ensure_ascii=False) + "\n")
            if self.target.kind == "jsonl":
                os.replace(lines, new)
            else:
                self.convert(lines, new, KINDS[batch.kind])
            put_in_place(new, folder / name)
        except OSError as error:
            raise Refused(f"{folder} cannot be written ({error.strerror or error})") from None
        finally:
            with suppress(OSError):
                lines.unlink(missing_ok=True)

    def convert(self, lines: Path, new: Path, kind: Kind) -> None:
        """The same columns in every file of a target and kind, whatever stands in this one."""
        named = {*kind.key, *kind.chosen(self.target.columns), *self.target.contact_columns}
        types = self.ABOUT | {name: sql_type for name, sql_type in kind.types().items() if name in named}
        columns = ", ".join(f"{quoted(name)}: {literal(sql_type)}" for name, sql_type in types.items())
        options = "format csv, header" if self.target.kind == "csv" else "format parquet"
        with duckdb.connect() as con:
            con.execute(
                f"copy (select * from read_json({literal(lines)}, format = 'newline_delimited',"
                f" columns = {{{columns}}})) to {literal(new)} ({options})"
            )

    def close(self) -> None:
        pass


def put_in_place(new: Path, final: Path) -> None:
    """Readers of the folder see a whole file or none, and so they do after a crash of the machine."""
    for path, replace in ((new, True), (final.parent, False)):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if replace:
            os.replace(new, final)


# --- webhook ---------------------------------------------------------------------------------------


class WebhookSender:
    is_ordered = True

    def __init__(self, target: WebhookTarget, secrets: Secrets):
        self.target, self.secrets = target, secrets
        self.url = filled_url(secrets, target.url)
        self.secret = secrets.value(target.secret_env).encode()
        self.session = requests.Session()
        self.session.headers.update({name: secrets.filled(value) for name, value in target.headers.items()})

    def send(self, batch: Batch, changes: list[Change]) -> set[str] | None:
        one = KINDS[batch.kind].one
        body = json.dumps(
            {
                "delivery_id": batch.delivery_id,
                "company": batch.company,
                "as_of_date": batch.as_of_date,
                "changes": [
                    {"key": change.key, "sequence": change.sequence, "kind": one, "operation": change.operation}
                    | change.content
                    for change in changes
                ],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        moment = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "dynamic_segmentation",
            "Idempotency-Key": batch.key,
            "X-Timestamp": moment,
            "X-Signature-256": f"sha256={signature(self.secret, moment, body)}",
        }
        try:
            answer = self.session.post(
                self.url, data=body, headers=headers, timeout=self.target.timeout, allow_redirects=False
            )
        except (requests.Timeout, requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise TryAgain(f"{self.target.url} {unreachable(error)}") from None
        except requests.RequestException as error:
            raise Refused(f"{self.target.url}: {self.secrets.hidden(error)}") from None
        return self.accepted(answer, changes)

    def accepted(self, answer: requests.Response, changes: list[Change]) -> set[str] | None:
        status = answer.status_code
        told = f"{self.target.url} answered {status} {answer.reason or ''}".rstrip()
        if status >= 500 or status in TRANSIENT:
            raise TryAgain(told, seconds_after(answer.headers.get("Retry-After")))
        if not 200 <= status < 300:
            said = " ".join(answer.text.split())[:200]
            raise Refused(self.secrets.hidden(f"{told}{f': {said}' if said else ''}"))
        try:
            listed = answer.json().get("accepted")
        except (ValueError, AttributeError):
            listed = None
        if listed is None:
            if status == 207:
                raise Refused(f'{told} without saying what it took: {{"accepted": [keys]}}')
            return None
        if not isinstance(listed, list):
            raise Refused(f'{told}, and its "accepted" is no list of keys')
        return {str(key) for key in listed} & {change.key for change in changes}

    def close(self) -> None:
        self.session.close()


def signature(secret: bytes, moment: str, body: bytes) -> str:
    return hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def unreachable(error: requests.RequestException) -> str:
    """In few words, and without the address, which may hold a secret."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "cannot be reached in time"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that is trusted"
    return "cannot be reached, or broke the connection"


def seconds_after(header: str | None) -> float | None:
    """Retry-After: seconds, or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


# --- table -----------------------------------------------------------------------------------------


class TableSender:
    """A batch is a transaction of upserts and deletes, which changes nothing more when it is done twice."""

    is_ordered = True

    def __init__(self, target: TableTarget, secrets: Secrets):
        self.target, self.secrets = target, secrets
        self.dsn = secrets.value(target.dsn_env)
        self.connection = None
        self.columns: dict[str, list[str]] = {}

    def send(self, batch: Batch, changes: list[Change]) -> None:
        kind = KINDS[batch.kind]
        try:
            self.connect()
            with self.connection, self.connection.cursor() as cursor:
                self.prepare(cursor, kind)
                self.write(cursor, kind, batch, changes)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise TryAgain(f"the database of {self.target.dsn_env}: {self.told(error)}") from None
        except psycopg2.Error as error:
            raise Refused(f"table {self.name(kind)}: {self.told(error)}; it is made by: {self.ddl(kind)}") from None

    def connect(self) -> None:
        if self.connection is None or self.connection.closed:
            try:
                self.connection = psycopg2.connect(self.dsn, connect_timeout=10)
            except psycopg2.ProgrammingError:  # its text would tell parts of it
                raise Refused(f"{self.target.dsn_env} is no DSN, as in postgresql://user:password@host/name") from None

    def told(self, error: Exception) -> str:
        return self.secrets.hidden(first_line(error))

    def name(self, kind: Kind) -> str:
        return self.target.table.replace("{what}", kind.what)

    def relation(self, kind: Kind) -> str:
        return ".".join(quoted(part) for part in self.name(kind).split("."))

    def types(self, kind: Kind) -> dict[str, str]:
        named = {*kind.key, *kind.chosen(self.target.columns), *self.target.contact_columns}
        types = {name: sql_type for name, sql_type in kind.types().items() if name in named}
        return types | {"as_of_date": DATE, "sequence": "bigint"}

    def ddl(self, kind: Kind) -> str:
        columns = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in self.types(kind).items())
        key = ", ".join(quoted(name) for name in kind.key)
        return f"create table {self.relation(kind)} ({columns}, primary key ({key}))"

    def prepare(self, cursor, kind: Kind) -> None:
        """Made where it is missing; asked for first, since a user who may only write it may not make it."""
        if kind.what not in self.columns:
            cursor.execute("select to_regclass(%s) is not null", [self.relation(kind)])
            if not cursor.fetchone()[0]:
                cursor.execute(self.ddl(kind))
            self.columns[kind.what] = list(self.types(kind))

    def write(self, cursor, kind: Kind, batch: Batch, changes: list[Change]) -> None:
        columns = self.columns[kind.what]
        upserts = [flat(batch, change) for change in changes if change.operation == "upsert"]
        deletes = [change.content for change in changes if change.operation == "delete"]
        key = ", ".join(quoted(name) for name in kind.key)
        if upserts:
            names = ", ".join(quoted(name) for name in columns)
            others = [quoted(name) for name in columns if name not in kind.key]
            execute_values(
                cursor,
                f"insert into {self.relation(kind)} ({names}) values %s on conflict ({key}) do update set"
                f" {', '.join(f'{name} = excluded.{name}' for name in others)}",
                [[row.get(name) for name in columns] for row in upserts],
                page_size=1000,
            )
        if deletes:
            execute_values(
                cursor,
                f"delete from {self.relation(kind)} where ({key}) in (%s)",
                [[row[name] for name in kind.key] for row in deletes],
                page_size=1000,
            )

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def sender_of(target, secrets: Secrets, emails: Callable[[], dict[str, str]]) -> Sender:
    """Its secrets are looked up here, so that one that is missing is told before anything is read or sent."""
    if target.kind == "webhook":
        return WebhookSender(target, secrets)
    if target.kind == "table":
        return TableSender(target, secrets)
    if target.kind == "apprise":
        from scripts.delivery_alerts import AppriseSender

        return AppriseSender(target, secrets, emails)
    return FileSender(target)
