"""The policy CSVs: a company's own over the shipped ones, their hash, and the lines of a key."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

from scripts.warehouse import PROJECT, RefreshError

SHIPPED = PROJECT / "seeds" / "policy"

# What names a line in the messages of the policy gate (macro policy_key_columns).
KEY_COLUMNS = {
    "schemes": ["entity_type", "scheme"],
    "segments": ["entity_type", "scheme", "segment"],
    "segment_rules": "entity_type scheme segment rule_group metric operator scope valid_from".split(),
    "display_bands": ["attribute", "band"],
    "perfect_store_standards": ["standard_set", "kpi", "valid_from"],
}


def composed_folder(owner: Path) -> Path:
    """Where the composed files of a warehouse (or of a test's policy) stand. Inside the project, because
    dbt writes each seed's SQL to target/run/<path of the seed>: under an absolute path or one with `..`
    that is the CSV itself, or anywhere."""
    return PROJECT / "target" / "policy" / hashlib.md5(str(owner.resolve()).encode(), usedforsecurity=False).hexdigest()


def seeds_setting(folder: Path) -> str:
    """The value of env POLICY_SEEDS for a folder inside the project."""
    return str(folder.relative_to(PROJECT))


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
    """Numbers of the CSV lines that a key of the policy gate (values joined by '|') speaks of: all that
    begin with it, since a key of fewer values speaks of a whole scheme or ladder."""
    if not line_key or not file.is_file():
        return []
    wanted = line_key.split("|")
    found = []
    with open(file, newline="", encoding="utf-8-sig") as handle:
        reader = csv.reader(handle)
        header = next(reader, [])
        before = reader.line_num
        for row in reader:
            if key_of(dict(zip(header, row, strict=False)), file.stem)[: len(wanted)] == wanted:
                found.append(before + 1)
            before = reader.line_num
    return found


def key_of(row: dict, file: str) -> list[str]:
    values = []
    for column in KEY_COLUMNS.get(file, row):
        value = (row.get(column) or "").strip()
        values.append("*" if column == "scope" and not value else value)
    return values
