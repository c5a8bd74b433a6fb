"""The table and the picture hold the figures they were given."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.latency_judge import Judged
from benchmarks.latency_report import HEADINGS, picture, table

COST = {"cpu_percent": 12.0, "peak_mb": 400.0}
FIGURES = {
    "voice": {**Judged([450.0], decision_to_audible_ms=[20.0], turns=1).figures(), **COST},
    "Peer <fast>": {**Judged([1165.0, 1300.0], turns=3, unanswered=1).figures(), **COST},
    "Silent": {**Judged(turns=1, unanswered=1).figures(), **COST},
}


def test_every_system_has_a_whole_row() -> None:
    lines = table(FIGURES)
    assert len(lines) == 2 + len(FIGURES)
    assert {line.count("|") for line in lines} == {len(HEADINGS) + 1}
    assert "450 / 450" in lines[2]
    assert "1,165 / 1,300" in lines[3]
    assert "– / –" in lines[4]


def test_the_picture_is_xml_with_a_bar_for_each_that_answered() -> None:
    tree = ElementTree.fromstring(picture(FIGURES))
    texts = [element.text for element in tree.iter() if element.tag.endswith("text")]
    assert "Peer <fast>" in texts
    assert "1165 / 1300" in texts
    assert "Silent" not in texts
