"""kill -9 of deliveries at random moments, and what their receivers have in the end.

A round is a new published state with 10,000 changes for a webhook and a folder of files. Deliveries of it are killed,
one after the other, until one comes through; then the next state is published, until enough were killed. The webhook's
receiver is an honest one: it takes a change once by its key, and a batch's key always comes with the same body. After
every round it has taken exactly the 10,000, and has what is published; and so do the files together.

Victims are forked from a process that has imported everything, so that most of a kill's time is the delivery's own.

    python tests/python/delivery_kills.py FOLDER KILLS SEED      prints one line of JSON
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from deliveries import SECRET, Company, Receiver

ENTITIES = 5_000
CHANGES = 2 * ENTITIES
SEED = os.environ.get("KILL_SEED", "20261122")


@dataclass
class Outcome:
    kills: int = 0
    while_sending: int = 0  # the receiver had taken a part; the others came before anything was sent
    deliveries: int = 0
    changes: int = 0
    again: int = 0  # changes that the receiver was sent a second time, and knew by their key
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} deliveries killed ({self.while_sending} while sending), {self.deliveries} of {CHANGES}"
            f" changes each came through; {self.changes} changes taken, {self.again} sent again and known by their key,"
            f" {len(self.faults)} faults"
        )


def publish(company: Company, number: int) -> dict[tuple, str]:
    """State `number`. From the one before, every key changes: a fifth of the treatments is withdrawn, a fifth is new,
    and segments come back after three states."""
    stores = [f"s{n:05}" for n in range(ENTITIES)]
    treatments = {store: f"v{number}" for n, store in enumerate(stores) if (n + number) % 5}
    segments = dict.fromkeys(stores, f"S{number % 3}")
    company.rows["fct_store_treatments"] = [
        {"store_id": store, "treatment": "discount", "value": value} for store, value in treatments.items()
    ]
    company.rows["fct_store_segments_current"] = [
        {"store_id": store, "scheme": "value", "segment": segment, "is_active": True}
        for store, segment in segments.items()
    ]
    company.publish()
    found = {("treatment", "store", store, "discount"): value for store, value in treatments.items()}
    return found | {("segment", "store", store, "value"): segment for store, segment in segments.items()}


def deliver(company: Company) -> None:
    from scripts.deliver import Delivery, run_delivery
    from scripts.delivery_config import read_config
    from scripts.duckdb_warehouse import DuckDBWarehouse

    config = read_config(company.folder / "delivery.yml")
    outcomes = run_delivery(Delivery(DuckDBWarehouse(company.warehouse), config), config.targets)
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        raise AssertionError(problems)


def forked(work, log: Path) -> int:
    """A process of its own, for work that is to be killed."""
    child = os.fork()
    if child:
        return child
    try:
        with open(log, "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


class Kills:
    def __init__(self, folder: Path, seed: str):
        self.company, self.rng, self.outcome = Company(folder), random.Random(seed), Outcome()
        self.files, self.log = folder / "out", folder / "output.txt"
        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver().handler())
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.receiver = forked(server.serve_forever, folder / "receiver.txt")
        server.socket.close()  # the receiver's process has it
        what = ["treatments", "segments"]
        self.company.configure(
            crm={
                **{"kind": "webhook", "url": f"{self.url}/hook", "secret_env": "CRM_SECRET", "what": what},
                **{"batch_size": 200, "retries": 0},
            },
            files={"kind": "jsonl", "folder": str(self.files), "what": what, "batch_size": 1_000},
        )

    def asked(self, path: str) -> dict:
        with build_opener(ProxyHandler({})).open(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)

    def delivery(self, seconds: float | None) -> bool:
        """Whether a delivery came through before it was killed."""
        child = forked(lambda: deliver(self.company), self.log)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            self.outcome.faults.append(self.log.read_text()[-2000:])
        return not os.WIFSIGNALED(status)

    def run(self, kills: int) -> Outcome:
        state = publish(self.company, 0)
        started = time.monotonic()
        self.delivery(None)
        seconds = time.monotonic() - started
        before = self.checked(state, len(state), 0)
        number = 0
        while self.outcome.kills < kills and not self.outcome.faults:
            number += 1
            state = publish(self.company, number)
            is_through = False
            while not is_through and self.outcome.kills < kills:
                # Short of a whole delivery, so that one is killed several times; one in three before it sends.
                share = self.rng.choice([0.2, 0.6, 0.6])
                is_through = self.delivery(self.rng.uniform(0, share * seconds))
                if not is_through:
                    self.outcome.kills += 1
                    self.outcome.while_sending += before < self.asked("/")["applied"]
            if not is_through:
                self.delivery(None)
            before = self.checked(state, CHANGES, before)
            self.outcome.deliveries += 1
        self.outcome.again = self.asked("/")["again"]
        return self.outcome

    def checked(self, state: dict[tuple, str], changes: int, before: int) -> int:
        """The receivers after a round; returns how many changes the webhook has taken until now."""
        found = self.asked("/state")
        faults = list(found["faults"])
        taken = found["applied"] - before
        if taken != changes:
            faults.append(f"the receiver took {taken} changes, and there were {changes}")
        if {tuple(where): value for *where, value in found["state"]} != state:
            faults.append("the receiver has another state than the published one")
        lines = [json.loads(line) for file in self.files.glob("*.jsonl") for line in file.read_text().splitlines()]
        keys = {line["key"] for line in lines}
        if len(lines) != changes or len(keys) != changes:
            faults.append(f"the files hold {len(lines)} changes with {len(keys)} keys, and there were {changes}")
        for file in self.files.iterdir():
            file.unlink()
        self.outcome.changes += taken
        self.outcome.faults += faults
        return found["applied"]

    def close(self) -> None:
        os.kill(self.receiver, signal.SIGKILL)
        os.waitpid(self.receiver, 0)


def outcome(folder: Path, kills: int, seed: str = SEED) -> Outcome:
    """In a process of its own, which has no threads when it forks."""
    import subprocess

    from conftest import PROJECT, clean_environment

    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, __file__, str(folder), str(kills), seed],
        env=clean_environment(CRM_SECRET=SECRET, PYTHONPATH=f"{PROJECT}{os.pathsep}{Path(__file__).parent}"),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return Outcome(faults=[done.stdout + done.stderr])
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def main(folder: str, kills: str, seed: str) -> None:
    import scripts.deliver  # noqa: F401  before the victims

    at_work = Kills(Path(folder), seed)
    try:
        print(json.dumps(asdict(at_work.run(int(kills)))))
    finally:
        at_work.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
