"""What a person sees: the redrawn screen, the plain lines, and typing."""

from __future__ import annotations

import asyncio
import io
import os
from collections import deque

import pytest
from rich.console import Console

from voice.cli.terminal import LiveScreen, Plain, sparkline, typed_lines
from voice.conversation.observer import Level, Note, Notice, ReplySpoken, StateChanged, TranscriptChanged, TurnEnded
from voice.trace import TurnTrace

ANSWERED = TurnTrace(
    1, text="what time is it", reply="It is ten. Or so.", heard="It is ten.", outcome="answered",
    moments={"speech_end": 1.0, "endpoint": 1.5, "audible": 1.6},
)  # fmt: skip


def shown(*events: Note) -> tuple[str, str]:
    """What stands in the terminal for good, and what is redrawn below it."""
    console = Console(width=80, record=True, force_terminal=True, color_system=None, file=io.StringIO())
    screen = LiveScreen(console)
    for event in events:
        screen(event)
    above = console.export_text()
    console.print(screen.render())
    below = console.export_text()
    return above, below


def test_level_state_partial_words_and_the_reply_as_spoken() -> None:
    above, below = shown(
        Level(-20.0),
        StateChanged("speaking"),
        TranscriptChanged("what time", False, 4),
        ReplySpoken("It is", "It is ten."),
    )
    assert above == ""
    assert "speaking" in below
    assert "what time" in below
    assert "It is ten." in below
    assert "▆" in below


def test_a_finished_turn_stays_above_with_what_was_heard_and_its_latency() -> None:
    above, below = shown(
        TranscriptChanged("what time is it", True), ReplySpoken("It", "It is ten. Or so."), TurnEnded(ANSWERED)
    )
    assert "what time is it" in above
    assert "It is ten." in above
    assert "Or so" not in above
    assert "600 ms" in above
    assert "what time" not in below


@pytest.mark.parametrize(("outcome", "words"), [("interrupted", "— interrupted"), ("failed", "— failed")])
def test_a_turn_that_did_not_end_well_says_so(outcome: str, words: str) -> None:
    above, _ = shown(TurnEnded(TurnTrace(1, text="x", reply="y", heard="y", outcome=outcome)))
    assert words in above


def test_an_empty_turn_leaves_nothing_and_a_notice_a_line() -> None:
    above, _ = shown(TurnEnded(TurnTrace(1, outcome="empty")), Notice("the microphone is gone", "warning"))
    assert above == "  the microphone is gone\n"


def test_text_from_outside_is_never_markup() -> None:
    above, below = shown(
        TranscriptChanged("[red]x[/red] [/oops]", False), Notice("[bold]n"), TurnEnded(TurnTrace(1, text="[b]"))
    )
    assert "[bold]n" in above
    assert "[b]" in above
    assert "[/oops]" not in below  # the turn is over


def test_sparkline_spans_quiet_to_loud() -> None:
    assert sparkline(deque([-100.0, -60.0, -35.0, -10.0, 0.0])) == "  ▄██"


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Plain() as plain:
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


def test_who_types_is_prompted_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with Plain("> ") as plain:
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
