"""What `voice bench endpoints` measures with, on a small scale: every word is counted, and what is added is told."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import endpoints


def test_first_tokens_and_the_words_of_many_on_one_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FIRST_MS": 5.0, "WORD_MS": 5.0, "WORDS": 2, "ROUNDS": 1}.items():
        monkeypatch.setattr(endpoints, name, value)
    lines: list[str] = []
    found = asyncio.run(endpoints.written(1, 3, lines.append))
    assert set(found["first_token"]["added_ms"]) == {"chat completions", "a session", "responses"}
    words = {name: row["words"] for name, row in found["socket"].items()}
    assert words["on one socket"] == words["on sockets of their own"] == 3 * words["alone"]
    assert len(lines) == 4


def test_what_is_added_is_told_of_the_medians_and_of_the_fastest() -> None:
    times = {"direct": (100.0, 90.0), "responses": (104.0, 93.5)}
    assert endpoints.added_to("direct", times) == {"responses": (4.0, 3.5)}
