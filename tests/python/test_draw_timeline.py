"""The picture of a store's timeline, for the sample's stories."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from typer.testing import CliRunner

from scripts.draw_timeline import Nothing, draw, observed_runs, steps, timeline
from scripts.sample_stories import STORIES

SVG = "{http://www.w3.org/2000/svg}"


def drawn(picture: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture).iter(SVG + tag))


def test_hovering_store(sample_build):
    story = STORIES["hover"]
    picture = timeline(sample_build.published, story["entity_id"], story["scheme"])
    scores = [score for score in story["metrics"]["perfect_store_score"].values() if score is not None]
    assert len(drawn(picture, "circle")) == len(scores)
    texts = [text.text for text in drawn(picture, "text")]
    assert {"enter 80", "exit 72", "STANDARD", "TOP"} <= set(texts)
    # a band for each run of one segment, the background, and a square in the legend for each segment
    segments = [segment for segment, _ in story["segments"].values()]
    runs = 1 + sum(before != after for before, after in zip(segments, segments[1:], strict=False))
    assert len(drawn(picture, "rect")) == runs + 1 + len(set(segments))


def test_scheme_of_several_metrics(sample_build):
    picture = timeline(sample_build.published, "S-STORY-GOLD", "value", "order_value_quarter")
    assert "order_value_quarter" in picture
    gold = timeline(sample_build.published, "S-STORY-GOLD", "value", "order_value_quarter", "GOLD")
    assert "order_value_quarter, thresholds of GOLD" in gold


def test_nothing_to_draw(sample_build, tmp_path):
    for arguments in [("S-NOBODY", "value"), ("S-STORY-GOLD", "no_scheme"), ("S-STORY-GOLD", "value", "no_metric")]:
        with pytest.raises(Nothing, match="no evidence"):
            timeline(sample_build.published, *arguments)
    with pytest.raises(Nothing, match="never observed"):
        timeline(sample_build.published, "S-STORY-GOLD", "perfect_store")


def test_command(tmp_path):
    import typer

    from scripts import draw_timeline

    app = typer.Typer()
    app.command()(draw_timeline.main)
    done = CliRunner().invoke(app, ["S-1", "value", "--warehouse-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "make build comes first" in done.output


def test_names_are_escaped():
    import datetime as dt

    rows = [(dt.date(2026, 1, 1), "<A&B>", 5, 4, 3), (dt.date(2026, 2, 1), "B", None, None, None)]
    picture = draw(rows, "Store <1>", "m", "A&B")
    assert "Store <1>" in [text.text for text in drawn(picture, "text")]


def test_gaps():
    assert steps([None, 80, None, 85, None]) == [80, 80, 80, 85, 85]
    assert observed_runs([1, None, None, 2, 3]) == [[(0, 1)], [(3, 2), (4, 3)]]
