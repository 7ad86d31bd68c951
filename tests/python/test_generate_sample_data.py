"""The sample company: the same rows from the same seed, of any size, with the stories planted as told."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import duckdb
import pytest

from scripts.generate_sample_data import INFERRED, REJECTED, STORIES, TABLES, generate
from scripts.sample_stories import months_between

# Scores by the shipped standards, from the raw answers alone; the planted ones answer every KPI.
SCORES = """
with answers as (
    select visit_id, kpi, try_cast(value as decimal(18, 6)) as value from sfa_audit_answers
),
visit_scores as (
    select
        visit_id,
        sum(case kpi
            when 'facing_share' then 30 * least(value / 40, 1)
            when 'assortment_count' then 25 * least(value / 10, 1)
            when 'price_gap' then case when value <= 0.05 then 15 else 0 end
            when 'out_of_stock_count' then 10 * case when value <= 2 then 1 else greatest(0, 2 - value / 2) end
            else case when value >= 1 then 10 else 0 end
        end) as score,
        min(case when kpi = 'assortment_count' then value end) as assortment
    from answers
    group by visit_id
)
select
    visits.store_id,
    strftime(try_cast(visits.started_at as timestamp), '%Y-%m') as month,
    round(avg(visit_scores.score), 6) as score,
    min(visit_scores.assortment) as assortment
from sfa_visits as visits
inner join visit_scores on visits.visit_id = visit_scores.visit_id
group by visits.store_id, month
"""


def raw(folder) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table in TABLES:
        con.execute(f"create view {table} as select * from read_parquet('{folder}/{table}/*.parquet')")
    return con


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    generate(folder)
    with raw(folder) as con:
        yield con


def rows_of(folder) -> dict[str, list]:
    with raw(folder) as con:
        return {table: con.execute(f"select * from {table}").fetchall() for table in TABLES}


def test_same_seed_same_rows_whatever_the_threads(tmp_path):
    for name, threads in [("one", 1), ("four", 4)]:
        generate(tmp_path / name, seed=7, stores=200, threads=threads)
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "four")


def test_chunks_change_nothing(tmp_path, monkeypatch):
    generate(tmp_path / "whole", stores=100)
    monkeypatch.setattr("scripts.generate_sample_data.LINES_PER_CHUNK", 2500)
    generate(tmp_path / "chunked", stores=100)
    whole, chunked = rows_of(tmp_path / "whole"), rows_of(tmp_path / "chunked")
    assert len(list((tmp_path / "chunked" / "erp_orders").glob("*.parquet"))) >= 4
    for table in TABLES:
        assert sorted(whole[table], key=str) == sorted(chunked[table], key=str), table


def test_another_seed_is_another_company(tmp_path):
    for seed in (1, 2):
        generate(tmp_path / str(seed), seed=seed, stores=50, months=36)
    assert rows_of(tmp_path / "1")["erp_orders"] != rows_of(tmp_path / "2")["erp_orders"]


def test_scale_options(tmp_path):
    company = generate(tmp_path, stores=5000, months=12, lines=100_000, last_day="2025-03-10", text_errors=False)
    assert json.loads((tmp_path / "company.json").read_text()) == company
    assert (company["as_of_date"], company["history_starts_on"]) == ("2025-03-10", "2024-03-01")
    with raw(tmp_path) as con:
        assert con.execute("select count(*) from erp_stores").fetchone() == (5000,)
        assert 80_000 < con.execute("select count(*) from erp_order_lines").fetchone()[0] < 120_000
        types = dict(con.execute("select column_name, column_type from (describe erp_order_lines)").fetchall())
        assert types["net_amount"] == "DECIMAL(18,4)"
        low, high = con.execute("select min(ordered_at), max(ordered_at) from erp_orders").fetchone()
        assert low.date() >= dt.date(2024, 3, 1) and dt.date(2025, 3, 9) <= high.date() <= dt.date(2025, 3, 10)


def test_totals_are_sane(sample):
    one = lambda sql: sample.execute(sql).fetchone()[0]  # noqa: E731
    assert one("select count(*) from erp_stores") > 2000
    assert 150_000 < one("select count(*) from erp_order_lines") < 250_000
    assert one("select count(distinct channel) from erp_stores") >= 5
    assert one("select count(distinct product_group) from erp_products") > 40
    assert one("select count(*) from erp_orders where status = 'returned'") > 100
    assert one("select count(*) from erp_orders where status = 'cancelled'") > 100
    assert set(
        sample.execute("select distinct order_channel from erp_orders where order_channel is not null").fetchall()
    ) == {(channel,) for channel in ("rep", "phone", "email", "portal", "edi")}
    # credit notes: invoiced documents of nothing but negative lines
    assert (
        one("""
        select count(*) from (
            select orders.order_id from erp_orders as orders inner join erp_order_lines as lines using (order_id)
            where orders.status = 'invoiced' group by orders.order_id
            having max(try_cast(lines.net_amount as decimal(18, 4))) < 0
        )""")
        > 100
    )
    # loaded weeks after they were ordered
    assert (
        one("select count(*) from erp_orders where loaded_at > try_cast(ordered_at as timestamp) + interval 9 day")
        > 500
    )
    # July sells more than February
    assert one("""
        select sum(try_cast(net_amount as decimal(18, 4))) filter (where order_id like 'O-2507-%')
            > 1.2 * sum(try_cast(net_amount as decimal(18, 4))) filter (where order_id like 'O-2502-%')
        from erp_order_lines""")
    # a heavy tail: a fifth of the stores brings most of the revenue
    assert (
        one("""
        with revenue as (
            select store_id, sum(try_cast(net_amount as decimal(18, 4))) as value
            from erp_orders inner join erp_order_lines using (order_id) group by store_id
        ),
        ranked as (select value, percent_rank() over (order by value desc) as place from revenue)
        select sum(value) filter (where place < 0.2) / sum(value) from ranked""")
        > 0.65
    )
    clients = [
        n
        for (n,) in sample.execute("""
        select count(*) from sfa_store_assignments
        where rep_id like 'R-0%' and try_cast(valid_from as date) <= '2024-01-31'
            and (valid_to is null or valid_to > '2024-01-31') group by rep_id order by 1""").fetchall()
    ]
    assert 35 <= clients[len(clients) // 2] <= 60
    # random rows never touch a story's store
    touched = one("""
        select count(*) from erp_orders
        where store_id like 'S-STORY-%' and not regexp_matches(order_id, 'STORY|DIRTY')""")
    assert touched == 0


def test_background_events_are_known_on_the_last_day(sample):
    for table, moment in [
        ("erp_orders", "ordered_at"),
        ("sfa_visits", "started_at"),
        ("crm_interactions", "occurred_at"),
    ]:
        latest, predated = sample.execute(
            f"""
            select max(try_cast({moment} as timestamp)),
                count(*) filter (where try_cast({moment} as date) > cast(loaded_at as date))
            from {table} where {table}::varchar not like '%STORY%' and {table}::varchar not like '%DIRTY%'
            """
        ).fetchone()
        assert latest.date() <= dt.date(2026, 10, 6), table
        assert predated == 0, table


# --- the stories, against the raw rows -------------------------------------------------------------


def test_expected_periods_have_no_gap():
    for name, story in STORIES.items():
        months = list(story["segments"])
        assert months == months_between(months[0], "2026-09"), name


def test_audited_scores(sample):
    scores = {(s, m): (score, assortment) for s, m, score, assortment in sample.execute(SCORES).fetchall()}
    for month, expected in STORIES["hover"]["metrics"]["perfect_store_score"].items():
        score, assortment = scores.get(("S-STORY-HOVER", month), (None, 10))
        assert assortment >= 10
        assert score == (None if expected is None else pytest.approx(float(expected), abs=1e-9)), month


@pytest.mark.parametrize("rep, story", [("R-STORY-39", "rep_39_of_49"), ("R-STORY-40", "rep_40_of_50")])
def test_shares_of_top_clients(sample, rep, story):
    """TOP is 90, STANDARD 60: no memory is needed to say who is what."""
    for month, expected in STORIES[story]["metrics"]["top_client_ratio"].items():
        top, clients = sample.execute(
            f"""
            with scores as ({SCORES}),
            clients as (
                select distinct assignments.store_id
                from sfa_store_assignments as assignments
                inner join erp_orders as orders using (store_id)
                left join crm_manual_segments as by_hand on assignments.store_id = by_hand.entity_id
                where assignments.rep_id = ? and by_hand.entity_id is null
                    and try_cast(assignments.valid_from as date) <= last_day(cast(? || '-01' as date))
                    and (assignments.valid_to is null or assignments.valid_to > last_day(cast(? || '-01' as date)))
            )
            select count(*) filter (where scores.score >= 80), count(*)
            from clients inner join scores on clients.store_id = scores.store_id and scores.month = ?
            where scores.score >= 80 or scores.score < 72
            """,
            [rep, month, month, month],
        ).fetchone()
        assert round(Decimal(top) / Decimal(clients), 6) == Decimal(expected), month


def documents(con, where: str) -> dict[str, Decimal]:
    """Net value by month of the latest version of everything, as the design counts it."""
    return dict(
        con.execute(
            f"""
            with orders as (
                select * from erp_orders where try_cast(ordered_at as timestamp) is not null or is_deleted
                qualify row_number() over (partition by order_id order by loaded_at desc) = 1
            ),
            lines as (
                select * from erp_order_lines where try_cast(net_amount as decimal(18, 4)) is not null or is_deleted
                qualify row_number() over (partition by order_id, line_number order by loaded_at desc) = 1
            )
            select
                strftime(cast(orders.ordered_at as timestamp), '%Y-%m'),
                sum(cast(lines.net_amount as decimal(18, 4)))
            from orders inner join lines using (order_id) left join erp_products using (product_id)
            where not orders.is_deleted and not lines.is_deleted and orders.status <> 'cancelled'
                and (orders.status <> 'returned' or cast(lines.net_amount as decimal(18, 4)) < 0)
                and cast(orders.ordered_at as date) <= '2026-10-06' and {where}
            group by 1
            """
        ).fetchall()
    )


@pytest.mark.parametrize(
    "story, metric, where",
    [
        ("product_group", "sales_period", "product_group = 'SPARKLING-WATER'"),
        ("late", "order_value_period", "store_id = 'S-STORY-LATE'"),
        ("lapse", "order_value_period", "store_id = 'S-STORY-LAPSE'"),
        ("ghost", "order_value_period", "store_id = 'S-STORY-GHOST'"),
    ],
)
def test_monthly_values(sample, story, metric, where):
    found = documents(sample, where)
    for month, expected in STORIES[story]["metrics"][metric].items():
        assert found.get(month, 0) == Decimal(expected), month


def test_average_orders_of_the_quarter(sample):
    """One order a month: the mean of the last three."""
    found = documents(sample, "store_id = 'S-STORY-GOLD'")
    for month, expected in STORIES["silver_to_gold"]["metrics"]["order_value_avg_quarter"].items():
        window = [found[m] for m in months_between("2025-04", month)[-3:]]
        assert sum(window) / len(window) == Decimal(expected), month


def test_lapse_has_no_order_for_fourteen_months(sample):
    ordered = [
        m
        for (m,) in sample.execute(
            "select strftime(cast(ordered_at as timestamp), '%Y-%m') from erp_orders"
            " where store_id = 'S-STORY-LAPSE' and status = 'invoiced' order by 1"
        ).fetchall()
    ]
    assert ordered == months_between("2023-10", "2024-06") + months_between("2025-09", "2026-09")


def test_bad_rows_are_there(sample):
    """The planted keys exist, and nothing that is planted lacks its master by accident."""
    keys = {
        "erp_stores": "store_id",
        "erp_products": "product_id",
        "erp_orders": "order_id",
        "erp_order_lines": "concat(order_id, '|', line_number)",
        "sfa_store_assignments": "concat(store_id, '|', rep_id, '|', valid_from)",
        "sfa_visits": "visit_id",
        "sfa_audit_answers": "concat(visit_id, '|', kpi)",
        "sfa_store_attributes": "concat(store_id, '|', attribute, '|', recorded_at)",
        "crm_interactions": "interaction_id",
        "market_category_sales": "concat(store_id, '|', category, '|', period_start_date)",
        "crm_manual_segments": "concat(entity_type, '|', entity_id, '|', scheme, '|', valid_from)",
        "portal_events": "event_id",
        "erp_stock_levels": "concat(product_id, '|', warehouse_id, '|', stock_date)",
        "market_external_metrics": "concat(entity_type, '|', entity_id, '|', metric, '|', measured_on)",
    }
    for table, key, reason in REJECTED:
        found = sample.execute(f"select count(*) from {table} where {keys[table]} is not distinct from ?", [key])
        assert found.fetchone()[0] >= 1, (table, key, reason)
    unknown = sample.execute(
        "select distinct store_id from erp_orders anti join erp_stores using (store_id) where store_id is not null"
    ).fetchall()
    assert unknown == [(INFERRED["store"],)]
