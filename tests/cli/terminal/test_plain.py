"""The conversation as plain lines, and typing into a program that is no terminal."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from voice.cli.terminal.plain import Plain, PlainChat, typed_lines
from voice.conversation.observer import Level, Notice, Remark, ReplySpoken, StateChanged, TranscriptChanged, TurnEnded
from voice.sessions.interface import ConnectionChanged
from voice.trace import TurnTrace

ANSWERED = TurnTrace(
    1, text="what time is it", reply="It is ten. Or so.", heard="It is ten.", outcome="answered",
    moments={"speech_end": 1.0, "endpoint": 1.5, "audible": 1.6},
)  # fmt: skip


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain()
    for event in (
        Level(-3.0), StateChanged("listening"),
        TranscriptChanged("what", False), TranscriptChanged("what time is it", True),
        TranscriptChanged("what time is it", True), TurnEnded(ANSWERED), TurnEnded(TurnTrace(2, outcome="empty")),
        TurnEnded(TurnTrace(3, text="and now", heard="It", outcome="interrupted")), Notice("gone", "error"),
    ):  # fmt: skip
        plain(event)
    assert capsys.readouterr().out.splitlines() == [
        "you:   what time is it",
        "voice: It is ten.",
        "       600 ms (endpoint 500, audible 100)",
        "voice: It (interrupted)",
        "error: gone",
    ]


def test_how_a_reply_ended_is_said_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain()
    for event in (
        Remark("it was cut", "warning"),
        TurnEnded(TurnTrace(1, text="all", reply="One.", outcome="answered")),
    ):
        plain(event)
    assert capsys.readouterr().out.splitlines() == ["voice: One.", "warning: it was cut"]


def test_who_types_is_prompted_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain("> ")
    plain(TranscriptChanged("what time is it", True))
    plain(TurnEnded(TurnTrace(1, text="what time is it", reply="Ten.", outcome="answered")))
    plain(Notice("your timer is up"))
    assert capsys.readouterr().out == "> \rvoice: Ten.\n> \ryour timer is up\n> "


def test_typed_lines_come_as_they_are_typed_and_end_with_the_input() -> None:
    async def main() -> list[str]:
        reader, writer = os.pipe()
        os.write(writer, b"first\r\nse")
        lines = typed_lines(reader)
        seen = [await anext(lines)]
        os.write(writer, "cond über\nlast".encode())
        os.close(writer)
        seen += [line async for line in lines]
        os.close(reader)
        return seen

    assert asyncio.run(main()) == ["first", "second über", "last"]


def test_a_chat_writes_replies_as_they_come_and_all_else_as_errors() -> None:
    out: list[str] = []
    err: list[str] = []

    def write(text: str, nl: bool = True, **how: Any) -> None:
        (err if how.get("err") else out).append(text + "\n" * nl)

    chat = PlainChat("", write)
    for event in (
        ReplySpoken("Ans", "Ans"), ReplySpoken("Answer", "Answer"), Notice("cut", "warning"),
        TurnEnded(TurnTrace(0, text="a", reply="Answer", outcome="answered")),
        TurnEnded(TurnTrace(0, outcome="answered", notes={"said": "Your tea timer is up."})),
        ConnectionChanged(False, "gone"), ConnectionChanged(True), Notice("broken; try again", "error"),
    ):  # fmt: skip
        chat(event)
    assert "".join(out) == "Answer\n\a\nYour tea timer is up.\n"
    assert err == [
        "(cut)\n",
        "(connection lost: gone; reconnecting)\n",
        "(connected again)\n",
        "\nerror: broken; try again\n",
    ]
