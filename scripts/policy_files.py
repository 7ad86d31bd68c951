"""The policy CSVs: a company's own over the shipped ones, their hash, and the lines of a key."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

from scripts.warehouse import PROJECT, RefreshError

SHIPPED = PROJECT / "seeds" / "policy"


def compose(policy_dir: Path, into: Path) -> Path:
    """A folder with every policy file: the company's where it has one, else the shipped one."""
    if not policy_dir.is_dir():
        raise RefreshError(f"POLICY_DIR: there is no folder {policy_dir}.")
    shipped = {file.name: file for file in sorted(SHIPPED.glob("*.csv"))}
    own = {file.name: file for file in sorted(policy_dir.iterdir()) if file.suffix.lower() == ".csv"}
    unknown = sorted(set(own) - set(shipped))
    if unknown:
        raise RefreshError(
            f"POLICY_DIR: {policy_dir} holds {', '.join(unknown)}, which is no policy file."
            f" The known names are {', '.join(shipped)}."
        )
    if not own:
        raise RefreshError(
            f"POLICY_DIR: {policy_dir} holds no CSV. The known names are {', '.join(shipped)}; copy those that"
            f" you want to change from {SHIPPED.relative_to(PROJECT)}."
        )
    into.mkdir(parents=True, exist_ok=True)
    for stale in into.glob("*.csv"):
        if stale.name not in shipped:
            stale.unlink()
    for name, file in (shipped | own).items():
        copy_if_changed(file, into / name)
    return into


def copy_if_changed(source: Path, destination: Path) -> None:
    """Unchanged files keep their time, so that dbt need not read them again."""
    if not destination.exists() or destination.read_bytes() != source.read_bytes():
        shutil.copyfile(source, destination)


def policy_hash(folder: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(folder.glob("*.csv")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def lines_of(file: Path, line_key: str | None) -> list[int]:
    """Numbers of the CSV lines that a key of the policy gate (values joined by '|') speaks of."""
    if not line_key or not file.is_file():
        return []
    wanted = [part.strip() for part in line_key.split("|")]
    found = []
    with open(file, newline="", encoding="utf-8-sig") as handle:
        reader = csv.reader(handle)
        next(reader, None)
        before = reader.line_num
        for row in reader:
            values = [value.strip() for value in row]
            if holds_in_order(values, wanted):
                found.append(before + 1)
            before = reader.line_num
    return found


def holds_in_order(values: list[str], wanted: list[str]) -> bool:
    """Whether the wanted values stand in the line in this order (a key leaves columns out)."""
    rest = iter(values)
    return all(any(value == want for value in rest) for want in wanted)
