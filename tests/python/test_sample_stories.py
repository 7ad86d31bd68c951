"""The planted stories in the published database: expected segments were written by hand, period by period."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest

from scripts.generate_sample_data import INFERRED, NOT_YET_KNOWN, REJECTED, STORIES
from scripts.sample_stories import LAST_DAY


@pytest.fixture(scope="module")
def published(sample_build):
    with duckdb.connect(str(sample_build.published), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def last_day(sample_build):
    return json.loads((sample_build.data_dir / "company.json").read_text())["as_of_date"]


@pytest.mark.parametrize("name", STORIES)
def test_segments_period_by_period(published, name):
    story = STORIES[name]
    entity = story["entity_type"]
    found = published.execute(
        f"""
        select strftime(period_start_date, '%Y-%m'), segment, reason
        from fct_{entity}_segment_history
        where {entity}_id = ? and scheme = ?
        order by period_start_date
        """,
        [story["entity_id"], story["scheme"]],
    ).fetchall()
    assert {month: (segment, reason) for month, segment, reason in found} == story["segments"]
    assert [month for month, *_ in found] == list(story["segments"])


@pytest.mark.parametrize("name", STORIES)
def test_changes_are_those_of_the_story(published, name):
    """`is_change`, `previous_segment`, `periods_in_segment` and the transitions follow from the segments."""
    story = STORIES[name]
    entity = story["entity_type"]
    expected, previous, run = [], None, 0
    for month, (segment, _) in story["segments"].items():
        run = run + 1 if segment == previous else 1
        expected.append((month, previous, previous is not None and segment != previous, run))
        previous = segment
    found = published.execute(
        f"""
        select strftime(period_start_date, '%Y-%m'), previous_segment, is_change, periods_in_segment
        from fct_{entity}_segment_history
        where {entity}_id = ? and scheme = ?
        order by period_start_date
        """,
        [story["entity_id"], story["scheme"]],
    ).fetchall()
    assert found == expected
    transitions = published.execute(
        """
        select strftime(period_start_date, '%Y-%m'), from_segment, to_segment
        from fct_segment_transitions
        where entity_type = ? and entity_id = ? and scheme = ?
        order by period_start_date
        """,
        [entity, story["entity_id"], story["scheme"]],
    ).fetchall()
    assert transitions == [
        (month, before, story["segments"][month][0]) for month, before, is_change, _ in expected if is_change
    ]


@pytest.mark.parametrize("name", STORIES)
def test_current(published, name, last_day):
    story = STORIES[name]
    entity = story["entity_type"]
    segment, reason, since = story["current"]
    found = published.execute(
        f"""
        select segment, reason, cast(segment_since as varchar), is_active
        from fct_{entity}_segments_current
        where {entity}_id = ? and scheme = ?
        """,
        [story["entity_id"], story["scheme"]],
    ).fetchall()
    assert found == [(segment, reason, last_day if since == LAST_DAY else since, True)]


@pytest.mark.parametrize(
    "name, metric", [(name, metric) for name, story in STORIES.items() for metric in story.get("metrics", {})]
)
def test_metrics(published, name, metric):
    story = STORIES[name]
    entity = story["entity_type"]
    found = dict(
        published.execute(
            f"""
            select strftime(period_start_date, '%Y-%m'), {metric}
            from fct_{entity}_metrics
            where {entity}_id = ?
            """,
            [story["entity_id"]],
        ).fetchall()
    )
    for month, expected in story["metrics"][metric].items():
        assert found[month] == (None if expected is None else Decimal(expected)), month


def test_the_step_to_gold_names_its_condition(published):
    """Scenario 4: the mean order of the quarter lifts the store, and the transition says so."""
    found = published.execute(
        """
        select from_segment, to_segment, reason, condition_segment, metric, value, threshold
        from fct_segment_transitions
        where entity_type = 'store' and entity_id = 'S-STORY-GOLD' and scheme = 'value'
            and period_start_date = date '2025-12-01'
        """
    ).fetchall()
    assert found == [
        ("SILVER", "GOLD", "promoted", "GOLD", "order_value_avg_quarter", Decimal("1900"), Decimal("1500"))
    ]


def test_bad_rows_are_rejected_for_their_reason(published):
    rejected = {
        (table, key, reason)
        for table, key, reason in published.execute(
            "select table_name, row_key, reason from fct_rejected_rows"
        ).fetchall()
    }
    assert [row for row in REJECTED if row not in rejected] == []


def test_nothing_else_unusable_is_in_the_sample(published):
    """Besides the planted rows only what the generator repeats, corrects or deletes is turned away."""
    planted = {(table, reason) for table, _, reason in REJECTED}
    found = published.execute(
        """
        select distinct table_name, reason from fct_rejected_rows
        where reason not in ('superseded', 'deleted', 'unknown_order')
        """
    ).fetchall()
    assert set(found) <= planted


def test_inferred_members(published):
    stores = published.execute("select * from dim_stores where store_id = ?", [INFERRED["store"]]).fetchall()
    reps = published.execute("select * from dim_reps where rep_id = ?", [INFERRED["rep"]]).fetchall()
    products = published.execute(
        "select product_group_id from dim_product_groups where product_group_id = ?", [f"product:{INFERRED['product']}"]
    ).fetchall()
    assert (len(stores), len(reps), len(products)) == (1, 1, 1)


def test_unknown_store_and_product_count_where_they_can(published):
    """A document without a store counts in product groups alone, a line without a product in the unknown nodes."""
    unknown = published.execute(
        """
        select product_group_id, sum(sales_period) from fct_product_group_metrics
        where product_group_id like '%:unknown' and period_start_date = date '2026-08-01'
        group by product_group_id
        """
    ).fetchall()
    # the line without a product; the ghost product has no category, brand or group either
    assert dict(unknown) == {
        "category:unknown": Decimal(76),
        "brand:unknown": Decimal(76),
        "group:unknown": Decimal(76),
        "product:unknown": Decimal(55),
    }
    assert published.execute("select count(*) from fct_store_metrics where store_id = 'unknown'").fetchone() == (0,)


def test_tomorrow_is_not_known_yet(published):
    counts = dict(
        published.execute(
            "select table_name, rows_not_yet_known from fct_input_ledger where rows_not_yet_known > 0"
        ).fetchall()
    )
    assert set(counts) >= {table for table, _ in NOT_YET_KNOWN}
    keys = [key for _, key in NOT_YET_KNOWN]
    assert published.execute(
        "select count(*) from fct_rejected_rows where list_contains(?, row_key)", [keys]
    ).fetchone() == (0,)
