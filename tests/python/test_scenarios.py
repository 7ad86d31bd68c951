"""The scenarios that the project is for, by their numbers in CONTRIBUTING.md, on the published sample.

Scenario 1 (loyalty points) needs the portal's tables and comes with them. The planted stories show each
single case period by period (test_sample_stories.py); these hold what must be true of every entity.
"""

from __future__ import annotations

from decimal import Decimal


def test_scenario_2_a_rep_whose_clients_are_top_moves_to_the_better_segment(sample_build):
    """Clients are counted again from history and assignments; 80 % exactly is enough, 39 of 49 is not."""
    clients = sample_build.query_build(
        """
        select h.period_start_date, a.rep_id, count(*), count(*) filter (top.segment = 'TOP')
        from segmentation_build.fct_store_segment_history h
        join segmentation_build_intermediate.int_periods p using (period_index)
        join (
            select distinct store_id, rep_id, valid_from, valid_to
            from segmentation_build_staging.stg_sfa__store_assignments
        ) a
            on a.store_id = h.store_id and a.valid_from <= p.period_end_date
            and coalesce(a.valid_to, date '9999-01-01') > p.period_end_date
        left join segmentation_build.fct_store_segment_history top
            on top.store_id = h.store_id and top.period_index = h.period_index and top.scheme = 'perfect_store'
        where h.scheme = 'lifecycle' and h.segment in ('NEW', 'ACTIVE', 'KEY')
        group by all
        """
    )
    shares = {(period, rep): Decimal(top) / all_ for period, rep, all_, top in clients if all_ >= 5}
    found = sample_build.query(
        """
        select h.period_start_date, h.rep_id, m.top_client_ratio, h.previous_segment, h.segment
        from fct_rep_segment_history h
        join fct_rep_metrics m on m.rep_id = h.rep_id and m.period_start_date = h.period_start_date
        where h.scheme = 'portfolio'
        """
    )
    assert found
    for period, rep, ratio, *_ in found:
        share = shares.get((period, rep))
        assert (ratio is None) == (share is None), (period, rep)
        assert share is None or abs(ratio - share) <= Decimal("0.0000005"), (period, rep)
    promoted = [row for row in found if row[3] == "STANDARD" and row[4] == "TOP"]
    assert promoted and all(row[2] >= Decimal("0.8") for row in promoted)
    last = max(row[0] for row in found)
    by_rep = {row[1]: row for row in found if row[0] == last}
    assert (by_rep["R-STORY-40"][2], by_rep["R-STORY-40"][4]) == (Decimal("0.8"), "TOP")
    assert by_rep["R-STORY-39"][2] < Decimal("0.8") and by_rep["R-STORY-39"][4] == "STANDARD"


def test_scenario_3_a_perfect_store_result_puts_a_store_in_top(sample_build):
    """Enters at 80, leaves below 72 or after six periods without an audit, and not in between."""
    rows = sample_build.query(
        """
        select h.segment, h.previous_segment, m.perfect_store_score
        from fct_store_segment_history h
        join fct_store_metrics m on m.store_id = h.store_id and m.period_start_date = h.period_start_date
        where h.scheme = 'perfect_store'
        """
    )
    entered = [score for segment, before, score in rows if segment == "TOP" and before == "STANDARD"]
    left = [score for segment, before, score in rows if segment == "STANDARD" and before == "TOP"]
    stayed = [score for segment, before, score in rows if segment == before == "TOP"]
    assert entered and min(entered) >= 80
    assert left and all(score is None or score < 72 for score in left)
    assert all(score is None or score >= 72 for score in stayed)
    assert any(score is not None and score < 80 for score in stayed)


def test_scenario_4_the_average_quarterly_order_gives_a_better_value_segment(sample_build):
    # a limit may delay a promotion to a period in which another condition of the segment falls
    caused = sample_build.query(
        """
        select metric, value, threshold from fct_segment_transitions
        where entity_type = 'store' and scheme = 'value' and reason = 'promoted' and value >= threshold
        """
    )
    assert "order_value_avg_quarter" in {metric for metric, *_ in caused}
    assert sample_build.query(
        """
        select count(*) > 0 from fct_segment_transitions
        where entity_id = 'S-STORY-GOLD' and from_segment = 'SILVER' and to_segment = 'GOLD'
        """
    ) == [(True,)]


def test_scenario_5_a_product_group_keeps_its_margin_class_within_the_band(sample_build):
    rows = sample_build.query(
        """
        select segment, previous_segment, sales_period, enter_threshold, exit_threshold
        from fct_product_group_segment_history h
        join fct_product_group_metrics m using (product_group_id, period_start_date)
        join (
            select product_group_id, period_start_date, enter_threshold, exit_threshold
            from fct_product_group_segment_evidence where scheme = 'sales_threshold'
        ) e using (product_group_id, period_start_date)
        where h.scheme = 'sales_threshold'
        """
    )
    assert rows and all(leave == enter * Decimal("0.95") for *_, enter, leave in rows)
    for segment, before, sales, enter, leave in rows:
        if sales >= enter:
            assert segment == "PREFERRED"
        elif sales < leave:
            assert segment == "BASE"
        elif before is not None:
            assert segment == before
    assert any(leave <= sales < enter and segment == "PREFERRED" for segment, _, sales, enter, leave in rows)


def test_scenario_6_lifecycle(sample_build):
    """Key customers make 80 % of a year's revenue with as few as possible; the lost have not ordered for a year."""
    segments = {
        row[0]
        for row in sample_build.query(
            "select distinct segment from fct_store_segment_history where scheme = 'lifecycle'"
        )
    }
    assert {"PROSPECT", "POTENTIAL", "NEW", "ACTIVE", "KEY", "LOST", "BLOCKED", "LIQUIDATED", "COMPETITOR"} <= segments
    for total, inside, without_last in sample_build.query(
        """
        with ranked as (
            select
                period_start_date,
                greatest(order_value_year, 0) as revenue,
                revenue_share_above_year < 0.80 as is_key,
                row_number() over (
                    partition by period_start_date, revenue_share_above_year < 0.80
                    order by order_value_year, store_id desc
                ) as from_below
            from fct_store_metrics
        )
        select sum(revenue), sum(revenue) filter (is_key), sum(revenue) filter (is_key and from_below > 1)
        from ranked group by period_start_date having sum(revenue) > 0
        """
    ):
        assert inside >= Decimal("0.80") * total > (without_last or 0)
    assert sample_build.query(
        """
        select count(*) from fct_store_segment_history h join fct_store_metrics m using (store_id, period_start_date)
        where h.scheme = 'lifecycle' and h.segment = 'LOST' and h.reason <> 'override' and m.orders_year > 0
        """
    ) == [(0,)]


def test_scenario_6_display_profiles_choose_the_standards(sample_build):
    profiles = sample_build.query(
        """
        select count(distinct segment) from fct_store_segments_current
        where scheme = 'display' and segment not like '%UNKNOWN%'
        """
    )[0][0]
    assert 15 <= profiles <= 27
    chosen = sample_build.query_build(
        """
        select distinct standard_set from segmentation_build_policy.policy_perfect_store_standards
        where standard_set in (
            select segment from segmentation_build.fct_store_segment_history where scheme = 'display'
        )
        """
    )
    assert chosen == [("LARGE-3PLUS-HIGH",)]
