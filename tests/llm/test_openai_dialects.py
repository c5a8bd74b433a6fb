"""What is known of the servers that speak OpenAI's format, as plain facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.llm import openai_dialects as dialects


@pytest.mark.parametrize(
    ("given", "base", "root"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1", "http://localhost:11434"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1", "http://localhost:11434"),
        ("https://me:secret@host/api/v1?x=1", "https://host/api/v1", "https://host/api"),
        ("https://host/openai", "https://host/openai", "https://host/openai"),
    ],
)
def test_base_and_root_addresses(given: str, base: str, root: str) -> None:
    assert dialects.base_url(given) == base
    assert dialects.root_url(base) == root


def test_only_openai_gets_a_cache_key() -> None:
    kind = dialects.known_kind("https://api.openai.com/v1")
    assert dialects.hints(kind, "s1") == {"prompt_cache_key": "s1"}
    assert dialects.hints(dialects.known_kind("https://openai.com.example.org/v1"), "s1") == {}


@pytest.mark.parametrize(
    ("chunk", "counts"),
    [
        ({"usage": None}, None),
        ({}, None),
        ({"usage": {"prompt_tokens": 9, "completion_tokens": 4}}, (9, 0, 4)),
        ({"usage": {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5}}}, (9, 5, 0)),
        ({"usage": {"prompt_tokens": 9, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 3}}, (9, 3, 0)),
        ({"usage": {"prompt_tokens": 9}, "timings": {"cache_n": 8}}, (9, 8, 0)),
    ],
)
def test_token_counts_by_every_name(chunk: dict[str, object], counts: tuple[int, int, int] | None) -> None:
    assert dialects.token_counts(chunk) == counts


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "two\nlines"}}, "two lines"),
        ({"message": "flat"}, "flat"),
        ({"detail": "fastapi"}, "fastapi"),
        ({"error": "a word"}, "a word"),
        (None, ""),
    ],
)
def test_error_text_of_every_shape(body: object, text: str) -> None:
    assert dialects.error_text(body) == text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "1.5"}, 1.5), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "soon"}, None)],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert dialects.retry_after_s(headers) == seconds


@given(st.lists(st.integers(1, 9)), st.sampled_from(["\n", "\r\n"]))
def test_events_cut_anywhere_are_whole_again(steps: list[int], end: str) -> None:
    raw = f': beat{end}{end}data: {{"天": 1}}{end}{end}event: x{end}data:[DONE]{end}{end}data: half'.encode()
    lines, found, at = dialects.DataLines(), [], 0
    for step in [*steps, len(raw)]:
        found += lines.feed(raw[at : at + step])
        at += step
    assert [*found, *lines.end()] == ['{"天": 1}'.encode(), b"[DONE]", b"half"]


@given(st.text(), st.lists(st.integers(1, 5)))
def test_text_cut_at_any_utf16_unit_is_joined_again(text: str, steps: list[int]) -> None:
    units = text.encode("utf-16-le")
    cuts = [sum(steps[:n]) * 2 for n in range(len(steps) + 1)]
    pieces = [units[a:b] for a, b in zip(cuts, [*cuts[1:], len(units)], strict=True)]
    out, held = "", ""
    for piece in pieces:
        told, held = dialects.join_surrogates(held, piece.decode("utf-16-le", "surrogatepass"))
        told.encode()  # never half a character
        out += told
    assert (out, held) == (text, "")
