"""Redaction keeps its precision and recall on the labelled sentences of the project."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from benchmarks.safety_moderation import PARTS, first_clause_ms, late_ms, replies
from benchmarks.safety_moderation import labelled as moderated
from benchmarks.safety_moderation import scores as moderation_scores
from benchmarks.safety_redaction import Labelled, labelled, measured, scores
from voice.cli import main
from voice.safety.redactor import Finder, Redactor
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.safety.rules_file import load
from voice.safety.verdict import CATEGORIES


def test_the_set_is_large_and_has_every_kind_in_both_languages() -> None:
    sentences = labelled()
    assert len(sentences) >= 500
    assert len({sentence.text for sentence in sentences}) >= 500
    assert sum(not sentence.spans for sentence in sentences) >= 150
    for kind in ("PHONE", "ID", "CARD", "EMAIL", "IBAN", "IP"):
        said = [sentence.text for sentence in sentences if any(span[0] == kind for span in sentence.spans)]
        assert len(said) >= 20, kind
        assert any(text.isascii() for text in said), kind
        assert any("\u4e00" <= char <= "\u9fff" for text in said for char in text), kind


def test_redaction_finds_what_it_should_and_little_else() -> None:
    table = measured()
    for kind, score in table.items():
        assert score.recall >= 0.95, (kind, score.overlooked)
        assert score.precision >= 0.95, (kind, score.wrongly)


def test_a_find_counts_only_in_its_place_and_with_its_kind() -> None:
    sentence = Labelled("call 13800138000", (("PHONE", 5, 16),))
    for found, counted in (
        ([("PHONE", 5, 16)], (1, 0, 0)),
        ([("PHONE", 5, 15)], (0, 1, 1)),
        ([("CARD", 5, 16)], (0, 0, 1)),
        ([], (0, 0, 1)),
    ):
        score = scores([sentence], lambda text, found=found: found)["PHONE"]  # type: ignore[misc]
        assert (score.right, score.wrong, score.missed) == counted


def test_the_benchmark_prints_a_line_for_each_kind(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    result = CliRunner().invoke(main, ["bench", "safety", "--json", str(target)])
    assert result.exit_code == 0, result.output
    assert all(kind in result.output for kind in ("PHONE", "EMAIL", "IBAN"))
    assert all(category in result.output for category in CATEGORIES)
    figures = json.loads(target.read_text())["redaction"]
    assert figures["kinds"]["PHONE"]["right"] > 100


def test_the_moderation_set_is_large_and_has_every_category_in_both_languages() -> None:
    sentences = moderated()
    assert len(sentences) >= 300
    assert len({sentence.text for sentence in sentences}) == len(sentences)
    assert sum(sentence.category == "none" for sentence in sentences) >= 150
    for category in CATEGORIES:
        for language in ("en", "zh"):
            for part in PARTS:
                kind = (part, category, language)
                assert any((one.part, one.category, one.language) == kind for one in sentences), kind


def test_moderation_rules_raise_few_false_alarms_and_find_most() -> None:
    sentences, rules = moderated(), load()
    ordinary = moderation_scores(sentences, rules)["none"]
    assert len(ordinary.wrong) <= 0.01 * ordinary.count, ordinary.wrong
    assert {sentence.part for sentence in sentences} == set(PARTS)
    for part, least in (("dev", 0.95), ("held", 0.7), ("fresh", 0.6)):
        table = moderation_scores([one for one in sentences if one.part == part], rules)
        found = sum(table[category].right for category in CATEGORIES)
        assert found >= least * sum(table[category].count for category in CATEGORIES), part


def test_moderation_hardly_ever_keeps_the_first_clause_waiting() -> None:
    sentences, rules = moderated(), load()
    waits = first_clause_ms(rules, replies(sentences))
    assert sum(waits) / len(waits) <= 1
    assert sum(wait > 0 for wait in waits) <= 0.05 * len(waits)
    assert first_clause_ms(Rules([Rule("x", "the cat sat")]), ["Well, the dog. "]) == [0.0]
    held = "Now we are here. " + "And we go on. " * 3
    assert first_clause_ms(Rules([Rule("x", "here and we")]), [held]) == [0.0], "no rule reads past a sentence"
    held = held.replace("here. And", "here, and")
    assert first_clause_ms(Rules([Rule("x", "we are here and we go off")]), [held])[0] >= 20


def test_redaction_hardly_ever_keeps_the_first_clause_waiting() -> None:
    finder = Finder()
    waits = late_ms(replies(moderated()), lambda: Redactor(finder, lambda kind, value, written: written).feed)
    assert sum(wait > 0 for wait in waits) <= 0.02 * len(waits), (
        "a word is held, but a clause ends with a mark behind it"
    )
    assert late_ms(["Call one two three. Now."], lambda: Redactor(finder, lambda *found: "").feed) != [0.0]
