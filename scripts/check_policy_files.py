"""What dbt cannot check about the policy files: their form. What they say is checked by `policy_gate`.

`check` looks at a folder of policy CSVs before dbt reads them: names, encoding, header, ragged lines.
`locate` finds the line that a row of `policy_gate` or `policy_remarks` speaks of.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

SEEDS_YAML = Path(__file__).resolve().parent.parent / "models" / "policy" / "_policy__seeds.yml"

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


def locate(policy_dir: str | Path, file: str, line_key: str) -> int | None:
    """The number of the first line of a policy file with this key, or, for a key that names a scheme or
    another group of lines, of its first line. None where there is none."""
    path = Path(policy_dir) / file
    if file not in KEY_COLUMNS or not path.is_file():
        return None
    records = _records(path.read_text(encoding="utf-8-sig", errors="replace"))
    try:
        _, header = next(records)
        names = [name.strip(BLANKS) for name in header]
        first_of_group = None
        for line, fields in records:
            values = dict(zip(names, fields, strict=False))
            key = "|".join(_key_part(column, values) for column in KEY_COLUMNS[file])
            if key == line_key:
                return line
            if first_of_group is None and key.startswith(f"{line_key}|"):
                first_of_group = line
    except (StopIteration, csv.Error):
        return None
    return first_of_group


def _key_part(column: str, values: dict[str, str]) -> str:
    text = values.get(column, "").strip(BLANKS)
    return text or ("*" if column == "scope" else "")


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
