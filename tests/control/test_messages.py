"""Notes become events, lines become orders, and what people say stays inside unless the owner allows it."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.control.messages import COMMANDS, EVENTS, SHOWN, Command, Teller, line, parse
from voice.conversation.observer import (
    Level,
    Muted,
    Note,
    Notice,
    ReplySpoken,
    StateChanged,
    TimerRang,
    TranscriptChanged,
    TurnEnded,
    Woken,
)
from voice.errors import UsageError
from voice.settings.schema import HooksSettings
from voice.trace import TurnTrace
from voice.turn.state import State


def trace() -> TurnTrace:
    ended = TurnTrace(3, text="my secret", reply="your secret", heard="your secret", outcome="answered")
    ended.mark("speech_end", 1.0)
    ended.mark("audible", 1.25)
    return ended


ALL: tuple[Note, ...] = (
    Level(-30.0), StateChanged("listening"), TranscriptChanged("my secret", True, 9),
    ReplySpoken("your", "your secret"),
    TurnEnded(trace()), Notice("nothing"), Notice("it broke", "error"), Woken("hey jarvis"), Muted(True), Muted(False),
    TimerRang("tea"),
)  # fmt: skip


def told(*, words: bool) -> list[dict[str, object]]:
    teller = Teller(words=words)
    return [event for seen in ALL for event in teller.events(seen, 5.0)]


def test_each_note_of_interest_is_an_event() -> None:
    assert told(words=False) == [
        {"event": "listening", "time": 5.0},
        {"event": "turn", "time": 5.0, "turn": 3, "outcome": "answered", "response_ms": 250},
        {"event": "error", "time": 5.0, "text": "it broke"},
        {"event": "wake", "time": 5.0, "phrase": "hey jarvis"},
        {"event": "muted", "time": 5.0},
        {"event": "unmuted", "time": 5.0},
        {"event": "timer", "time": 5.0, "label": "tea"},
    ]


def test_words_are_told_only_where_the_owner_allows_it() -> None:
    assert "secret" not in json.dumps(told(words=False))
    open_ = {str(event["event"]): event for event in told(words=True)}
    assert open_["words"] == {"event": "words", "time": 5.0, "text": "my secret", "final": True}
    assert open_["turn"]["words"] == "my secret" and open_["turn"]["reply"] == "your secret"


def test_a_breath_is_no_event_and_every_state_of_the_machine_is_shown() -> None:
    assert set(SHOWN) == {str(state) for state in State}
    teller = Teller(words=False)
    states = ["listening", "ending", "listening", "ending", "thinking", "speaking", "paused", "speaking", "idle"]
    seen = [event["event"] for state in states for event in teller.events(StateChanged(state), 0.0)]
    assert seen == ["listening", "thinking", "speaking", "listening", "speaking", "idle"]


def test_every_event_has_a_setting_for_its_command() -> None:
    settings = {each.name.removeprefix("on_") for each in fields(HooksSettings) if each.name.startswith("on_")}
    assert settings == set(EVENTS)
    assert {str(event["event"]) for event in told(words=True)} | set(SHOWN.values()) == set(EVENTS)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"do": "mute"}', Command("mute")),
        ('{"do": "volume", "percent": 40}', Command("volume", 40.0)),
        ('{"do": "say", "text": " dinner is ready "}', Command("say", "dinner is ready")),
    ],
)
def test_orders_are_read(text: str, command: Command) -> None:
    assert parse(text.encode()) == command


@pytest.mark.parametrize(
    "text",
    ["", "mute", "[]", "7", '{"do": "explode"}', '{"do": ["mute"]}', '{"do": "volume"}',
     '{"do": "volume", "percent": 101}', '{"do": "volume", "percent": true}', '{"do": "volume", "percent": NaN}',
     '{"do": "say", "text": "  "}', '{"do": "say", "text": 3}'],
)  # fmt: skip
def test_what_is_no_order_is_refused_with_a_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text.encode())
    assert len(str(refused.value)) < 200


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    try:
        assert parse(data).do in COMMANDS
    except UsageError:
        return


def test_a_message_is_one_line_whatever_is_in_it() -> None:
    assert line({"text": "two\nlines \ud800 停"}).count(b"\n") == 1
