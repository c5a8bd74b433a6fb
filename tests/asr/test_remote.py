"""Words from another machine: the real `openai` client against a real recognizer behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.audio_house import House, serve_house
from tests.support.speech import command, stream
from voice.asr.remote import RemoteRecognizer
from voice.audio.frames import silence
from voice.errors import ConfigError, EngineError


@pytest.fixture
def house() -> Iterator[House]:
    with serve_house() as house:
        yield house


def test_it_hears_what_was_said_and_asks_once_for_the_same_audio(house: House) -> None:
    recognizer = RemoteRecognizer(house.url, model="tiny", language="en-GB")
    utterance = recognizer.open()
    assert stream(utterance, command("times")) == []
    assert "twelve times seven" in utterance.result().text
    assert utterance.result() is utterance.result()
    assert [asked["model"] for asked in house.asked] == ["tiny"]
    assert house.asked[0]["language"] == "en"


def test_an_utterance_may_grow(house: House) -> None:
    utterance = RemoteRecognizer(house.url).open()
    stream(utterance, command("okay"))
    first = utterance.result().text
    stream(utterance, silence(0.3))
    stream(utterance, command("times"))
    assert "twelve times seven" in utterance.result().text
    assert "twelve" not in first
    assert "language" not in house.asked[0]


def test_nothing_is_sent_for_next_to_no_audio(house: House) -> None:
    utterance = RemoteRecognizer(house.url).open()
    assert utterance.result().text == ""
    utterance.add_audio(silence(0.05))
    assert utterance.result().text == ""
    assert house.asked == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"error": {"message": "wrong key"}}', "HTTP 401: wrong key"),
        (400, b'{"error": "no such model"}', "HTTP 400: no such model"),
        (200, b"<html>", "OpenAI-compatible"),
        (200, b'{"words": 3}', "contains no text"),
    ],
)
def test_what_goes_wrong_there_is_one_line_here(house: House, status: int, body: bytes, said: str) -> None:
    house.status, house.body = status, body
    with pytest.raises(EngineError) as refused:
        RemoteRecognizer(house.url).warm()
    assert said in str(refused.value) or "contains no text" in str(refused.value)
    assert house.url in str(refused.value)


def test_a_server_that_is_gone_is_named_with_its_setting() -> None:
    with serve_house() as house:
        url = house.url
    with pytest.raises(EngineError, match=r"cannot connect .* correct asr\.url"):
        RemoteRecognizer(url).warm()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"asr\.url: cannot reach 'pi5'"):
        RemoteRecognizer("pi5")
