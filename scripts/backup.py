"""make backup and make restore: copies of the published file, the only thing no build can make again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from scripts.duckdb_warehouse import DuckDBWarehouse as Warehouse
from scripts.duckdb_warehouse import replace_file, runs_of
from scripts.warehouse import RefreshError, now_utc

app = typer.Typer(add_completion=False, help="Keep and bring back the published file.")
console = Console()

WarehouseOption = Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="The warehouse folder.")]
TargetOption = Annotated[str, typer.Option(envvar="TARGET", help="duckdb or postgres.")]
BackupOption = Annotated[str, typer.Option(envvar="BACKUP", help="The copy.")]


def copy_whole(source: Path, destination: Path, working: Path) -> None:
    """Copy beside the destination, check the copy, then put it in place at once."""
    with tempfile.TemporaryDirectory(prefix=".publishing-", dir=working) as folder:
        copy = Path(folder) / "segmentation.duckdb"
        shutil.copyfile(source, copy)
        runs_of(copy)
        replace_file(copy, destination)


def save_copy(warehouse: Warehouse, to: Path | None = None) -> Path:
    with warehouse.lock():
        if not warehouse.published.exists():
            raise RefreshError(f"Nothing is published in {warehouse.path} yet: make build comes first.")
        runs_of(warehouse.published)
        destination = to or warehouse.backups / f"{now_utc():%Y%m%dT%H%M%SZ}" / "segmentation.duckdb"
        if to and to.exists():
            raise RefreshError(f"{to} exists: name a new file (BACKUP=file).")
        destination.parent.mkdir(parents=True, exist_ok=True)
        copy_whole(warehouse.published, destination, destination.parent)
        return destination


def restore_copy(warehouse: Warehouse, source: Path | None = None) -> Path:
    with warehouse.lock():
        if source is None:
            copies = sorted(warehouse.backups.glob("*/segmentation.duckdb"))
            if not copies:
                raise RefreshError(f"There is no copy in {warehouse.backups}: name one (BACKUP=file).")
            source = copies[-1]
        if not source.is_file():
            raise RefreshError(f"There is no file {source}.")
        restored = runs_of(source)
        if warehouse.published.exists():
            refuse_other_company(warehouse, source, restored)
        warehouse.remove_leftovers()
        copy_whole(source, warehouse.published, warehouse.path)
        return source


def refuse_other_company(warehouse: Warehouse, source: Path, restored: list[dict]) -> None:
    try:
        current = warehouse.published_runs()
    except RefreshError:
        return  # a damaged file is what a restore is for
    if current and restored and current[-1]["company"] != restored[-1]["company"]:
        raise RefreshError(
            f"{source} is of company '{restored[-1]['company']}', and {warehouse.path} holds"
            f" '{current[-1]['company']}': restore it into a folder of its own (WAREHOUSE_DIR=dir)."
        )


def check_target(target: str) -> None:
    """A server has tools of its own for copies that are whole."""
    if target == "postgres":
        raise RefreshError(
            "On PostgreSQL the published schema is copied and brought back by the server's own tools:"
            " pg_dump --schema=segmentation --file=segmentation.sql, psql --file=segmentation.sql."
        )


def told(work):
    try:
        return work()
    except (RefreshError, OSError) as error:
        console.print(f"[bold red]Stopped.[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def save(warehouse_dir: WarehouseOption = "", backup: BackupOption = "", target: TargetOption = "") -> None:
    """Copy the published file to BACKUP, or to backups/<time>/ in the warehouse."""
    told(lambda: check_target(target))
    place = Warehouse(Path(warehouse_dir or "warehouse"))
    copy = told(lambda: save_copy(place, Path(backup) if backup else None))
    console.print(f"Copied {place.published} to {copy}", highlight=False, soft_wrap=True)


@app.command()
def restore(warehouse_dir: WarehouseOption = "", backup: BackupOption = "", target: TargetOption = "") -> None:
    """Put BACKUP, or the latest copy in the warehouse, back as the published file."""
    told(lambda: check_target(target))
    place = Warehouse(Path(warehouse_dir or "warehouse"))
    source = told(lambda: restore_copy(place, Path(backup) if backup else None))
    console.print(f"Restored {place.published} from {source}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    app()
