"""The policy CSVs: their form, a company's own over the shipped ones, their hash, and the lines of a key.

What the files say is checked by the model `policy_gate`; `check` finds what dbt cannot: names,
encoding, header, ragged lines.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.warehouse import PROJECT, Node, RefreshError

SHIPPED = PROJECT / "seeds" / "policy"
SEEDS_YAML = PROJECT / "models" / "policy" / "_policy__seeds.yml"

# The columns that tell the lines of a file apart, as in macro policy_key_columns.
KEY_COLUMNS = {
    "schemes.csv": ["entity_type", "scheme"],
    "segments.csv": ["entity_type", "scheme", "segment"],
    "segment_rules.csv": [
        "entity_type",
        "scheme",
        "segment",
        "rule_group",
        "metric",
        "operator",
        "scope",
        "valid_from",
    ],
    "display_bands.csv": ["attribute", "band"],
    "perfect_store_standards.csv": ["standard_set", "kpi", "valid_from"],
    "external_metrics.csv": ["entity_type", "metric"],
    "attribute_flags.csv": ["entity_type", "metric"],
    "score_weights.csv": ["entity_type", "score", "metric"],
    "point_rules.csv": ["event"],
    "cost_rates.csv": ["activity", "channel", "valid_from"],
    "kpi_targets.csv": ["entity_type", "scheme", "segment", "kpi", "valid_from"],
    "rfm_bands.csv": ["measure", "score", "valid_from"],
    "treatment_types.csv": ["treatment"],
    "treatments.csv": ["entity_type", "scheme", "segment", "treatment", "value", "valid_from"],
    "time_rates.csv": ["activity", "key", "valid_from"],
    "signals.csv": ["entity_type", "signal"],
    "translations.csv": ["language", "key"],
}
BLANKS = " \t\r\n\f\v"


@dataclass(frozen=True)
class Problem:
    """One thing that stops a file from being read; `line` is 1 for the header, None for the file."""

    file: str
    line: int | None
    problem: str
    fix: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.problem}. {self.fix}."


def policy_columns() -> dict[str, list[str]]:
    """File name -> columns, from the YAML that describes the seeds."""
    seeds = yaml.safe_load(SEEDS_YAML.read_text(encoding="utf-8"))["seeds"]
    return {f"{seed['name']}.csv": [column["name"] for column in seed["columns"]] for seed in seeds}


def check(policy_dir: str | Path) -> list[Problem]:
    """The problems of form of all files in a policy folder. Files that are not there are not missed:
    the shipped ones stand in for them."""
    folder = Path(policy_dir)
    if not folder.is_dir():
        return [Problem(str(folder), None, "there is no such folder", "Give the folder that holds the policy CSVs")]
    known = policy_columns()
    problems: list[Problem] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_dir():
            continue
        if path.name not in known:
            problems.append(Problem(path.name, None, "this is no policy file", _closest(path.name, known)))
            continue
        problems.extend(_check_file(path, known[path.name]))
    return problems


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
    problems = check(policy_dir)
    if problems:
        raise RefreshError("\n".join(["POLICY_DIR:", *(f"{policy_dir}/{problem}" for problem in problems)]))
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


def policy_files(nodes: dict[str, Node]) -> dict[str, Path]:
    """File name -> the file that dbt loads: shipped, composed, or of a user's own project."""
    return {name: file for name in policy_columns() if (file := nodes[Path(name).stem].file)}


def problems_of(files: dict[str, Path]) -> list[str]:
    """The problems of form of the files that dbt is about to load, each with its place."""
    known = policy_columns()
    return [f"{file.parent}/{problem}" for name, file in files.items() for problem in _check_file(file, known[name])]


def policy_hash(files: dict[str, Path]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for name, file in sorted(files.items()):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def lines_of(file: Path, line_key: str | None) -> list[int]:
    """Numbers of the CSV lines that a key of the policy gate (values joined by '|') speaks of: all that
    begin with it, since a key of fewer values speaks of a whole scheme or ladder."""
    if not line_key or not file.is_file():
        return []
    records = _records(file.read_text(encoding="utf-8-sig", errors="replace"))
    found = []
    try:
        names = [name.strip(BLANKS) for name in next(records)[1]]
        for line, fields in records:
            values = dict(zip(names, fields, strict=False))
            key = "|".join(_key_part(column, values) for column in KEY_COLUMNS.get(file.name, names))
            if key == line_key or key.startswith(f"{line_key}|"):
                found.append(line)
    except (StopIteration, csv.Error):
        pass
    return found


def _key_part(column: str, values: dict[str, str]) -> str:
    text = values.get(column, "").strip(BLANKS)
    return text or ("*" if column in ("scope", "channel") else "")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    for fields in reader:
        yield begins, fields
        begins = reader.line_num + 1


def _check_file(path: Path, columns: list[str]) -> list[Problem]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return [Problem(path.name, line, "the text is not UTF-8", "Save the file as CSV in UTF-8")]
    if "\x00" in text:
        return [Problem(path.name, None, "the file is not text", "Save the file as CSV in UTF-8")]

    problems: list[Problem] = []
    header: list[str] | None = None
    try:
        for line, fields in _records(text):
            if header is None:
                header = fields
                problems.extend(_check_header(path.name, fields, columns))
                if problems:
                    return problems
            elif any(field.strip(BLANKS) for field in fields) and len(fields) != len(header):
                problems.append(
                    Problem(
                        path.name,
                        line,
                        f"the line has {len(fields)} fields, the header {len(header)}",
                        'Check the commas; text that holds a comma or a line break stands in "double quotes"',
                    )
                )
    except csv.Error as error:
        problems.append(
            Problem(path.name, None, f"the file cannot be read to its end: {error}", 'Close the "double quotes"')
        )
    if header is None:
        problems.append(Problem(path.name, 1, "the file is empty", f"Begin it with the line {','.join(columns)}"))
    return problems


def _check_header(file: str, header: list[str], columns: list[str]) -> list[Problem]:
    if len(header) == 1 and len(columns) > 1 and any(mark in header[0] for mark in ";\t"):
        return [Problem(file, 1, "the fields are not separated by commas", "Save the file as comma-separated CSV")]
    problems = []
    for name in sorted({name for name in header if header.count(name) > 1}):
        problems.append(Problem(file, 1, f'column "{name}" stands twice', "Keep one of them"))
    for name in header:
        if name not in columns:
            problems.append(Problem(file, 1, f'column "{name}" is not known', _closest(name, columns)))
    for name in columns:
        if name not in header:
            problems.append(
                Problem(
                    file, 1, f'column "{name}" is missing', "Add it to the header; its fields may be blank if optional"
                )
            )
    return problems


def _closest(name: str, known: object) -> str:
    names = list(known)  # type: ignore[call-overload]
    close = difflib.get_close_matches(name.strip(BLANKS).lower(), names, n=1)
    if close:
        return f"Write {close[0]}, or remove it"
    return f"Remove it; known are {', '.join(names)}"
