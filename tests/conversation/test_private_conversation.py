"""A conversation about a telephone number, in every mode of redaction: what is shown, said, written down and kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from voice.clock import VirtualLoop
from voice.conversation.observer import Note, ReplySpoken, TranscriptChanged
from voice.settings.schema import Settings
from voice.trace import TurnTrace
from voice.wiring.conversation import converse

NUMBER = "138 0013 8000"
ASKED = f"Repeat after me: call {NUMBER} now."


def hold(folder: Path, mode: str, *lines: str) -> tuple[list[TurnTrace], list[Note], str]:
    """Type the lines; returns the traces, what was shown, and what was written down of the turns."""
    plain = Settings()
    settings = replace(
        plain,
        tts=replace(plain.tts, engine="tone"),
        chat=replace(plain.chat, store=f"sqlite:///{folder / 'sessions.sqlite'}", session="home"),
        safety=replace(plain.safety, redact=mode),
    )
    shown: list[Note] = []
    trace = folder / "trace.jsonl"

    async def typed() -> AsyncIterator[str]:
        for line in lines:
            yield line

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        turns = runner.run(converse(settings, fast=True, observer=shown.append, text=typed(), trace=trace))
    return list(turns), shown, trace.read_text("utf-8")


@pytest.mark.parametrize("mode", ["stored", "upstream"])
def test_people_see_and_hear_their_own_number_and_nothing_keeps_it(tmp_path: Path, mode: str) -> None:
    turns, shown, written = hold(tmp_path, mode, ASKED, "Say that again.")
    for turn in turns:
        assert turn.reply == turn.heard == f"call {NUMBER} now."
    assert any(isinstance(note, ReplySpoken) and note.heard == f"call {NUMBER} now." for note in shown)
    assert NUMBER not in written
    assert "call <PHONE:" in written
    again, _, _ = hold(tmp_path, mode, "Say that again.")
    assert again[0].reply == "call a phone number now."  # another process has only what was kept


def test_everywhere_it_is_said_in_words_and_shown_to_nobody(tmp_path: Path) -> None:
    turns, shown, written = hold(tmp_path, "everywhere", ASKED)
    assert turns[0].reply == turns[0].heard == "call a phone number now."
    assert NUMBER not in written
    assert any(isinstance(note, TranscriptChanged) and "<PHONE:" in note.text for note in shown)
    assert not any(NUMBER in str(note) for note in shown)


def test_off_everything_is_kept_as_it_was_said(tmp_path: Path) -> None:
    turns, _, written = hold(tmp_path, "off", ASKED)
    assert turns[0].reply == f"call {NUMBER} now."
    assert NUMBER in written
    again, _, _ = hold(tmp_path, "off", "Say that again.")
    assert again[0].reply == f"call {NUMBER} now."
