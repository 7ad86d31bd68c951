"""Prints lines for rfm_bands.csv: the quintiles of recency, frequency and value in the last published period.

    python -m scripts.suggest_rfm_bands > my_policy/rfm_bands.csv

A fifth of the customers gets each score, as far as equal values allow: customers with one value get one score.
The policy stays as it is until somebody copies the lines, so that a score means the same next month.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from scripts.refresh import warehouse_of
from scripts.warehouse import RefreshError, Session

# measure -> its metric, and whether more of it is better
MEASURES = {
    "recency": ("periods_since_last_order", False),
    "frequency": ("orders_year", True),
    "monetary": ("order_value_year", True),
}
SCORES = 5


def bands(session: Session, published: str) -> list[tuple[str, int, str]]:
    """measure, score and lower bound; the lowest band has none."""
    found = []
    for measure, (metric, more_is_better) in MEASURES.items():
        bounds = session.rows(
            f"""
            select fifth, min(value) as lower_bound
            from (
                select {metric} as value, ntile({SCORES}) over (order by {metric}) as fifth
                from {published}fct_store_metrics
                where has_ordered = 1 and {metric} is not null
                    and period_index = (select max(period_index) from {published}fct_store_metrics)
            ) as customers
            group by fifth
            order by fifth
            """
        )
        known: list[Decimal] = []
        for row in bounds:
            # of fifths that begin with the same value, the best one stays
            score = row["fifth"] if more_is_better else SCORES + 1 - row["fifth"]
            if known and known[-1] == row["lower_bound"]:
                if not more_is_better:
                    continue
                found.pop()
                known.pop()
            found.append((measure, score, plain(row["lower_bound"]) if known else ""))
            known.append(row["lower_bound"])
    return found


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def main(
    warehouse_dir: Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="Folder of the result.")] = "warehouse",
    target: Annotated[str, typer.Option(envvar="TARGET", help="duckdb or postgres.")] = "duckdb",
) -> None:
    """Print rfm_bands.csv with the quintiles of today's customers."""
    try:
        warehouse = warehouse_of(target or "duckdb", Path(warehouse_dir or "warehouse"))
        warehouse.published_stamp()
        with warehouse.reading() as (session, published):
            lines = bands(session, published)
    except FileNotFoundError:
        typer.echo(f"Nothing is published in {warehouse_dir} yet: make build comes first.", err=True)
        raise typer.Exit(1) from None
    except RefreshError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo("measure,score,lower_bound,valid_from,valid_to")
    for measure, score, lower_bound in lines:
        typer.echo(f"{measure},{score},{lower_bound},,")


if __name__ == "__main__":
    typer.run(main)
