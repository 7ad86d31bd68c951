"""The workload: a generated company, cut into what was delivered by when.

`all` is everything; `base` is what had arrived a month before, when one closed month less was known. The
files `month`, `day` and `late` are then delivered into the same folder, as a company's loads would be:
everything that arrived within the month that closes, everything of the last day, and one order of a month ago.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts.generate_sample_data import DEFAULT_LAST_DAY, GENERATOR_VERSION, TABLES, generate

LATE_TABLES = ("erp_orders", "erp_order_lines")


@dataclass(frozen=True)
class Scale:
    stores: int
    lines: int
    months: int = 36


SCALES = {
    "tiny": Scale(300, 12_000),
    "small": Scale(20_000, 2_000_000),
    # as many lines a month as small, for twice as long
    "long": Scale(20_000, 4_000_000, months=72),
    "medium": Scale(100_000, 20_000_000),
    "large": Scale(500_000, 100_000_000),
}


@dataclass(frozen=True)
class Workload:
    """The folders of one workload, and the days on which each delivery has arrived."""

    path: Path
    last_day: dt.date

    @property
    def all(self) -> Path:
        return self.path / "all"

    def parts(self, delivery: str) -> Path:
        return self.path / "deliveries" / delivery

    @property
    def days(self) -> dict[str, dt.date]:
        """The as_of_date of each build: the month before the last closes between base and month."""
        yesterday = self.last_day - dt.timedelta(days=1)
        before = (yesterday.replace(day=1) - dt.timedelta(days=1)).replace(day=yesterday.day)
        return {
            "base": before, "month": yesterday, "day": self.last_day, "noop": self.last_day, "again": self.last_day,
            "late": self.last_day,
        }  # fmt: skip

    def deliver(self, delivery: str, inbox: Path) -> None:
        """Put the files of a delivery into the folder that the company loads from."""
        for file in sorted(self.parts(delivery).glob("*/*.parquet")):
            target = inbox / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            os.link(file, target)


def make(path: Path, scale: Scale, memory_limit: str = "4GB") -> Workload:
    """Generate it, once for each scale and version of the generator."""
    workload = Workload(path, DEFAULT_LAST_DAY)
    wanted = json.dumps([scale.stores, scale.lines, scale.months, str(DEFAULT_LAST_DAY), GENERATOR_VERSION])
    made = path / "made.json"
    if made.exists() and made.read_text() == wanted:
        return workload
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    generate(
        workload.all, stores=scale.stores, lines=scale.lines, months=scale.months, text_errors=False,
        memory_limit=memory_limit,
    )  # fmt: skip
    cut(workload, memory_limit)
    made.write_text(wanted)
    return workload


def cut(workload: Workload, memory_limit: str) -> None:
    days = workload.days
    # rows that say they were loaded in the future are delivered with the last day
    arrived = {
        "base": f"loaded_at is null or loaded_at::date <= date '{days['base']}'",
        "month": f"loaded_at::date > date '{days['base']}' and loaded_at::date <= date '{days['month']}'",
        "day": f"loaded_at::date > date '{days['month']}'",
        "empty": "false",
    }
    with duckdb.connect() as con:
        con.execute(f"set memory_limit = '{memory_limit}'; set temp_directory = '{workload.path / '.spill'}'")
        for table in TABLES:
            source = f"read_parquet('{workload.all / table}/*.parquet')"
            if not list((workload.all / table).glob("*.parquet")):
                continue
            for delivery, condition in arrived.items():
                write(con, f"select * from {source} where {condition}", workload.parts(delivery) / table, delivery)
        ordered_at = dt.datetime.combine(days["day"] - dt.timedelta(days=30), dt.time(10))
        late = f"timestamp '{ordered_at}' as ordered_at, timestamp '{days['day']} 23:00:00' as loaded_at"
        orders = f"read_parquet('{workload.all / 'erp_orders'}/part-0*.parquet')"
        model = con.execute(
            f"select min(order_id) from {orders} where status = 'invoiced' and not is_deleted"
        ).fetchone()
        for table in LATE_TABLES:
            replaced = late if table == "erp_orders" else late.partition(", ")[2]
            select = (
                f"select * replace ('O-LATE-01' as order_id, {replaced}) "
                f"from read_parquet('{workload.all / table}/part-0*.parquet') where order_id = '{model[0]}'"
            )
            write(con, select, workload.parts("late") / table, "late")
    shutil.rmtree(workload.path / ".spill", ignore_errors=True)


def shorter(workload: Workload, months: int, work: Path) -> tuple[Path, dt.date]:
    """What the company knew when its history was so many months long, and the day of that."""
    back = workload.last_day.year * 12 + workload.last_day.month - 1 - (whole_months(workload) - months)
    as_of = workload.last_day.replace(year=back // 12, month=back % 12 + 1)
    folder = work / f"months-{months}"
    if not folder.exists():
        with duckdb.connect() as con:
            for table in TABLES:
                source = f"read_parquet('{workload.all / table}/*.parquet')"
                known = f"loaded_at is null or loaded_at::date <= date '{as_of}'"
                write(con, f"select * from {source} where {known}", folder / table, "all")
    return folder, as_of


def whole_months(workload: Workload) -> int:
    return json.loads((workload.all / "company.json").read_text())["months"]


def rewrite(inbox: Path) -> None:
    """Every file with the same rows, but other bytes: nothing is new, and all must be read to know."""
    with duckdb.connect() as con:
        for file in sorted(inbox.glob("*/*.parquet")):
            anew = file.with_suffix(".anew")
            con.execute(
                f"copy (select * from '{file}') to '{anew}' (format parquet, compression zstd, row_group_size 100_000)"
            )
            anew.replace(file)


def write(con: duckdb.DuckDBPyConnection, select: str, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy ({select}) to '{folder / f'part-{name}.parquet'}' (format parquet, compression zstd)")
