"""The bands that scripts/suggest_rfm_bands.py proposes: fifths of the customers, equal values undivided."""

import duckdb

from scripts.duckdb_warehouse import DuckDBSession
from scripts.suggest_rfm_bands import bands


def test_fifths_of_the_last_period():
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table fct_store_metrics as
            select 2 as period_index, 1 as has_ordered,
                cast(recency as numeric(18, 6)) as periods_since_last_order,
                cast(orders as numeric(18, 6)) as orders_year,
                cast(revenue as numeric(18, 6)) as order_value_year
            from (values (0, 1, 10.50), (0, 1, 20), (3, 1, 30), (4, 2, 40), (5, 9, null))
                as customers (recency, orders, revenue)
            union all select 2, 0, null, 0, 0  -- no customer
            union all select 1, 1, 90, 90, 90  -- an earlier period
            """
        )
        found = bands(DuckDBSession(connection), "")
    # the lowest band has no bound; of two fifths that begin with the same value the better score stays
    assert [line for line in found if line[0] == "recency"] == [
        ("recency", 5, ""),
        ("recency", 3, "3"),
        ("recency", 2, "4"),
        ("recency", 1, "5"),
    ]
    assert [line for line in found if line[0] == "frequency"] == [
        ("frequency", 3, ""),
        ("frequency", 4, "2"),
        ("frequency", 5, "9"),
    ]
    # a customer whose value is unknown is in no fifth
    assert [line for line in found if line[0] == "monetary"] == [
        ("monetary", 1, ""),
        ("monetary", 2, "20"),
        ("monetary", 3, "30"),
        ("monetary", 4, "40"),
    ]
