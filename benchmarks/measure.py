"""Runs a command as a process of its own and says what it cost."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Cost:
    """What one run took: user + sys of the whole process tree, wall, and the peak of its memory together."""

    cpu: float
    wall: float
    memory: int
    parts: dict = field(default_factory=dict)

    def as_dict(self) -> dict:
        return asdict(self)


def resident(root: int) -> int:
    """Resident bytes of a process and all its descendants, now."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            for task in os.listdir(f"/proc/{pid}/task"):
                waiting += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            continue  # it has ended
    return total


def run(command: list[str], cwd: Path, environment: dict[str, str] | None = None, log: Path | None = None) -> Cost:
    """Run it to its end; an error with the last lines of its output when it fails."""
    peak, ended = [0], threading.Event()
    output = open(log, "w") if log else subprocess.DEVNULL
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=os.environ | (environment or {}), stdout=output, stderr=subprocess.STDOUT
    )

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], resident(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    # rusage of the process and of every descendant that was waited for
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text()[-3000:] if log else ""
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}\n{tail}")
    # not ru_maxrss: it begins with what this process had when it forked
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak[0])
