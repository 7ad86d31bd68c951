"""A small published company, and real receivers on loopback: HTTP, SMTP, PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import yaml
from conftest import clean_environment, connect, environment
from psycopg2.extras import execute_values
from typer.testing import CliRunner

SECRET = "a secret of the suite"
ENTITY_TYPES = ("store", "rep", "product_group")
TREATMENT = (
    "treatment text, value text, value_number numeric(18,6), unit text, scheme text, segment text, given_by text,"
    " beats text, in_force_since date, ends_on date, unit_cost numeric(18,6), cost numeric(18,6), as_of_date date"
)
SEGMENT = (
    "scheme text, segment text, computed_segment text, segment_since date, reason text, is_active boolean,"
    " last_judged_period date, as_of_date date"
)
TABLES = {
    **{f"fct_{entity}_treatments": f"{entity}_id text, {TREATMENT}" for entity in ENTITY_TYPES},
    **{f"fct_{entity}_segments_current": f"{entity}_id text, {SEGMENT}" for entity in ENTITY_TYPES},
    "fct_alerts": (
        "alert_key text, entity_type text, entity_id text, scheme text, signal text, severity text,"
        " recipient_type text, recipient_id text, text text, raised_on date, raised_at timestamp"
    ),
    "dim_stores": "store_id text, region text, channel text",
    "dim_reps": "rep_id text, region text",
    "fct_runs": "run_id text, company text, as_of_date date, published_at timestamp",
}
CONTACTS = {
    "int_store_contacts": "store_id text, contact_email text, contact_phone text",
    "int_rep_contacts": "rep_id text, email text",
}


def columns_of(ddl: str) -> dict[str, str]:
    parts = ddl.replace("(18,6)", "(18;6)").split(",")
    return {name: kind.replace(";", ",") for name, kind in (part.split() for part in parts)}


@dataclass
class Company:
    """What it has published; a test changes it and publishes again."""

    folder: Path
    server: dict[str, str] | None = None
    rows: dict[str, list[dict]] = field(default_factory=lambda: {name: [] for name in [*TABLES, *CONTACTS]})
    runs: int = 0
    contacts_written: str = ""

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def state_file(self) -> Path:
        return self.warehouse / "delivery" / "state.sqlite"

    def treat(self, entity_id: str, treatment: str, value: str | None = "yes", entity: str = "store", **more) -> None:
        row = {"in_force_since": "2026-01-01", "scheme": "value", "segment": "GOLD", **more}
        table = self.rows[f"fct_{entity}_treatments"]
        table[:] = [r for r in table if (r[f"{entity}_id"], r["treatment"]) != (entity_id, treatment)]
        if value is not None:
            table.append({f"{entity}_id": entity_id, "treatment": treatment, "value": value, **row})

    def segment(self, entity_id: str, segment: str, scheme: str = "value", entity: str = "store", **more) -> None:
        table = self.rows[f"fct_{entity}_segments_current"]
        table[:] = [r for r in table if (r[f"{entity}_id"], r["scheme"]) != (entity_id, scheme)]
        row = {"is_active": True, "reason": "kept", **more}
        table.append({f"{entity}_id": entity_id, "scheme": scheme, "segment": segment, **row})

    def alert(self, key: str, recipient: str, severity: str = "warning", hour: int = 8, **more) -> None:
        row = {"entity_type": "store", "entity_id": "s1", "scheme": "value", "signal": "drop", "recipient_type": "rep"}
        row |= {"text": f"text of {key}", "raised_on": "2026-01-01", "raised_at": f"2026-01-01 {hour:02}:00:00"}
        row |= {"alert_key": key, "recipient_id": recipient, "severity": severity, **more}
        self.rows["fct_alerts"].append(row)

    def publish(self, as_of: str = "2026-01-31") -> None:
        self.runs += 1
        run = {"run_id": f"run {self.runs}", "company": "acme", "as_of_date": as_of}
        self.rows["fct_runs"].append(run | {"published_at": f"{as_of} 04:00:{self.runs % 60:02}"})
        for name, rows in self.rows.items():
            if "as_of_date" in columns_of((TABLES | CONTACTS)[name]) and name != "fct_runs":
                for row in rows:
                    row["as_of_date"] = as_of
        self.warehouse.mkdir(parents=True, exist_ok=True)
        if self.server:
            self._publish_on_server()
        else:
            self._write(self.warehouse / "segmentation.duckdb", "main", TABLES)
            contacts = json.dumps([self.rows[name] for name in CONTACTS])
            if contacts != self.contacts_written:
                self._write(self.warehouse / "build.duckdb", "segmentation_build_contacts", CONTACTS)
                self.contacts_written = contacts

    def _write(self, file: Path, schema: str, tables: dict[str, str]) -> None:
        new, lines = file.with_suffix(".new"), file.with_suffix(".jsonl")
        new.unlink(missing_ok=True)
        with duckdb.connect(str(new), config={"threads": 1}) as con:
            con.execute(f"create schema if not exists {schema}")
            for name, ddl in tables.items():
                con.execute(f"create table {schema}.{name} ({ddl})")
                if self.rows[name]:
                    lines.write_text("".join(json.dumps(row) + "\n" for row in self.rows[name]))
                    types = ", ".join(f"{column}: '{kind}'" for column, kind in columns_of(ddl).items())
                    con.execute(
                        f"insert into {schema}.{name} select * from read_json('{lines}',"
                        f" format = 'newline_delimited', columns = {{{types}}})"
                    )
        lines.unlink(missing_ok=True)
        os.replace(new, file)

    def _publish_on_server(self) -> None:
        with closing(connect(self.server)) as connection, connection, connection.cursor() as cursor:
            for schema, tables in (("segmentation", TABLES), ("segmentation_build_contacts", CONTACTS)):
                cursor.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
                for name, ddl in tables.items():
                    cursor.execute(f"create table {schema}.{name} ({ddl})")
                    if self.rows[name]:
                        columns = list(columns_of(ddl))
                        values = [[row.get(column) for column in columns] for row in self.rows[name]]
                        execute_values(cursor, f"insert into {schema}.{name} values %s", values)

    # --- delivering ------------------------------------------------------------------------------

    def configure(self, **targets: dict) -> Path:
        file = self.folder / "delivery.yml"
        file.write_text(yaml.safe_dump({"targets": targets}))
        return file

    def deliver(self, *arguments: str, code: int = 0, **settings: object) -> str:
        """make deliver without make, in this process; returns what it said."""
        from scripts.deliver import app

        own = {"WAREHOUSE_DIR": self.warehouse, "DELIVERY_CONFIG": self.folder / "delivery.yml", "CRM_SECRET": SECRET}
        own |= {"TARGET": "postgres", **self.server} if self.server else {}
        handler = signal.getsignal(signal.SIGTERM)
        with environment(clean_environment(**own | settings)):
            done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        signal.signal(signal.SIGTERM, handler)
        assert done.exit_code == code, done.output
        return done.output


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict:
        return json.loads(self.body)

    @property
    def changes(self) -> list[dict]:
        return self.content["changes"]


class Receiver:
    """Takes a change once by its key. `answers` are given first: a status, or a function of the request."""

    def __init__(self):
        self.requests: list[Request] = []
        self.answers: deque[int | Callable] = deque()
        self.state: dict[tuple, dict] = {}
        self.applied: dict[str, int] = {}  # key: how often it came
        self.bodies: dict[str, bytes] = {}  # of each batch
        self.faults: list[str] = []
        self.guard = threading.Lock()

    def take(self, changes: list[dict]) -> None:
        for change in changes:
            seen = self.applied.get(change["key"], 0)
            self.applied[change["key"]] = seen + 1
            if seen:
                continue
            where = (change["kind"], change.get("entity_type"), change.get("entity_id"))
            where += (change.get("alert_key") or change.get("treatment") or change["scheme"],)
            if change["operation"] == "delete":
                if self.state.pop(where, None) is None:
                    self.faults.append(f"withdrawn without having been sent: {where}")
            else:
                self.state[where] = change

    def answer(self, request: Request) -> tuple[int, dict, bytes]:
        self.requests.append(request)
        told = self.answers.popleft() if self.answers else 200
        if callable(told):
            return told(request)
        if 200 <= told < 300:
            key = request.headers["Idempotency-Key"]
            if self.bodies.setdefault(key, request.body) != request.body:
                self.faults.append(f"batch {key} came with another body")
            self.take(request.changes)
        return told, {}, b""

    def half(self, request: Request) -> tuple[int, dict, bytes]:
        """Takes the first half, and says so."""
        taken = request.changes[: len(request.changes) // 2]
        self.take(taken)
        return 207, {}, json.dumps({"accepted": [change["key"] for change in taken]}).encode()

    def silent(self, request: Request) -> tuple[int, dict, bytes]:
        """Takes everything, and answers too late."""
        self.take(request.changes)
        time.sleep(0.6)
        return 200, {}, b""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender was killed within it
                with receiver.guard:
                    status, headers, answer = receiver.answer(Request(self.path, dict(self.headers), body))
                self.reply(status, headers, answer)

            def do_GET(self) -> None:
                with receiver.guard:
                    answer = json.dumps(receiver.summary(self.path)).encode()
                self.reply(200, {}, answer)

            def reply(self, status: int, headers: dict, answer: bytes) -> None:
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # the sender has gone

            def log_message(self, *_) -> None:
                pass

        return Handler

    def summary(self, path: str) -> dict:
        found = {
            "applied": len(self.applied),
            "again": sum(times - 1 for times in self.applied.values()),
            "faults": self.faults,
        }
        if path.endswith("/state"):
            told = ((*where, change.get("value") or change.get("segment")) for where, change in self.state.items())
            found["state"] = sorted(told)
        return found


@contextmanager
def http_receiver():
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), receiver.handler())
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class Postbox:
    """An SMTP server's mails, by address; addresses in `refused` are not taken."""

    def __init__(self):
        self.mails: list[tuple[str, object]] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        import email
        from email.policy import default

        self.mails += [(to, email.message_from_bytes(envelope.content, policy=default)) for to in envelope.rcpt_tos]
        return "250 OK"

    def subjects(self, address: str) -> list[str]:
        return [mail["Subject"] for to, mail in self.mails if to == address]

    def text(self, address: str, number: int = -1) -> str:
        return [mail.get_content() for to, mail in self.mails if to == address][number]


@contextmanager
def smtp_receiver():
    from aiosmtpd.controller import Controller
    from postgres_server import free_port

    postbox = Postbox()
    postbox.port = free_port()
    controller = Controller(postbox, hostname="127.0.0.1", port=postbox.port)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()
