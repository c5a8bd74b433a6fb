"""A real Presidio as the second stage: it finds what the patterns do not know, and downloads nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.errors import MissingError
from voice.safety.filters import NoFilter, screened
from voice.safety.redactor import Finder
from voice.safety.session_redaction import SessionGuard

pytest.importorskip("presidio_analyzer", reason="voice-at-home[privacy] is not installed")

from voice.safety import presidio

TEXT = (
    "My SSN is 212-45-6789. Pay to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 please! 我的护照号是E12345678，车牌京A12345。"
    "Nothing here at 10:30 on 2026-11-22? Call 138 0013 8000 or ada@example.com"
)


@pytest.fixture(scope="module")
def analyzer() -> Iterator[presidio.Analyzer]:
    def refuse(*where: object) -> None:
        raise AssertionError(f"Presidio wanted the network: {where}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield presidio.Analyzer()


def guard(analyzer: presidio.Analyzer) -> SessionGuard:
    return SessionGuard(b"k", "stored", Finder(), lambda first, replace: presidio.Sentences(first, analyzer, replace))


def test_both_stages_together(analyzer: presidio.Analyzer) -> None:
    text = screened(guard(analyzer), TEXT)
    for private in ("212-45-6789", "1BvBMSEY", "E12345678", "A12345", "138 0013", "ada@"):
        assert private not in text
    for kind in ("<ID:", "<WALLET:", "<PASSPORT:", "<PLATE:", "<PHONE:", "<EMAIL:"):
        assert text.count(kind) == 1, (kind, text)
    assert "Nothing here at 10:30 on 2026-11-22?" in text


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_the_stream_says_what_the_whole_says(analyzer: presidio.Analyzer, cuts: list[int]) -> None:
    one = guard(analyzer)
    screen = one.screen()
    edges = [0, *sorted(cuts), len(TEXT)]
    streamed = "".join(screen.feed(TEXT[start:end]) for start, end in pairwise(edges)) + screen.flush()
    assert streamed == screened(one, TEXT)


def test_a_sentence_is_let_go_at_its_end_and_an_endless_one_in_time(analyzer: presidio.Analyzer) -> None:
    screen = presidio.Sentences(NoFilter(), analyzer, lambda kind, value, written: f"<{kind}>")
    assert screen.feed("Good morning. And ") == "Good morning."
    assert screen.feed("then? ") == " And then?"
    out = screen.flush() + "".join(screen.feed("word ") for _ in range(200))
    assert len(out) > 1000 - presidio.LONGEST - 10
    rest = screen.flush()
    assert out + rest == " " + "word " * 200


def test_marks_alone_cost_no_call(analyzer: presidio.Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def analyze(text: str, **how: object) -> list[object]:
        asked.append(text)
        return []

    monkeypatch.setattr(analyzer._engine, "analyze", analyze)
    marks = presidio.Sentences(NoFilter(), analyzer, lambda kind, value, written: "")
    assert marks.feed("!" * 1000 + "a. " * 100 + "so! ") + marks.flush() == "!" * 1000 + "a. " * 100 + "so! "
    assert asked == [" so!"]
    longest = presidio.Sentences(NoFilter(), analyzer, lambda kind, value, written: "")
    longest.feed("word" * 1000)
    longest.flush()
    assert max(map(len, asked)) <= presidio.LONGEST


def test_a_model_that_is_not_there_is_named_and_not_fetched() -> None:
    with pytest.raises(MissingError, match="en_core_web_none"):
        presidio.stage("en_core_web_none")


def test_a_named_model_brings_names(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    made = spacy.blank("en")
    ruler = made.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}])  # type: ignore[attr-defined]
    monkeypatch.setattr(spacy.util, "is_package", lambda name: name == "own_model")
    monkeypatch.setattr(spacy, "load", lambda name: made)
    found = presidio.Analyzer(("own_model",)).finds("I met Ada Lovelace today.")
    assert found == [(6, 18, "PERSON")]
