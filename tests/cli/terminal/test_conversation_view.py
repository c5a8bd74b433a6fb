"""What a person sees of a conversation: what stays above, and what is redrawn below it."""

from __future__ import annotations

import io
from collections import deque

import pytest
from rich.console import Console, RenderableType

from voice.cli.terminal.conversation_view import ConversationView, sparkline
from voice.cli.terminal.markdown import THEME
from voice.conversation.observer import (
    Level,
    Muted,
    Note,
    Notice,
    Remark,
    ReplySpoken,
    StateChanged,
    TimerRang,
    TranscriptChanged,
    TurnEnded,
)
from voice.sessions.interface import ConnectionChanged
from voice.trace import TurnTrace

ANSWERED = TurnTrace(
    1, text="what time is it", reply="It is ten. Or so.", heard="It is ten.", outcome="answered",
    moments={"speech_end": 1.0, "endpoint": 1.5, "audible": 1.6},
)  # fmt: skip


def text(pieces: list[RenderableType], width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None, theme=THEME)
    console.print(*pieces, sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def shown(*events: Note, latency: bool = False, settle: int = 0) -> tuple[str, str]:
    """What stands in the terminal for good, and what is redrawn below it."""
    above: list[RenderableType] = []
    view = ConversationView(above.append, spoken=True, latency=latency)
    for event in events:
        view(event)
    for _ in range(settle):
        view.settle()
    return text(above) if above else "", text(view.render())


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


def test_a_finished_turn_stays_above_with_what_was_heard_and_its_latency_where_wanted() -> None:
    events = TranscriptChanged("what time is it", True), ReplySpoken("It", "It is ten. Or so."), TurnEnded(ANSWERED)
    above, below = shown(*events)
    assert "what time is it" in above
    assert "It is ten." in above
    assert "Or so" not in above
    assert " ms" not in above
    assert "what time" not in below
    assert "600 ms" in shown(*events, latency=True)[0]


@pytest.mark.parametrize(("outcome", "words"), [("interrupted", "— interrupted"), ("failed", "— failed")])
def test_a_turn_that_did_not_end_well_says_so(outcome: str, words: str) -> None:
    above, _ = shown(TurnEnded(TurnTrace(1, text="x", reply="y z", heard="y", outcome=outcome)))
    assert f"y {words}" in above


def test_a_reply_that_was_read_to_its_end_was_not_interrupted() -> None:
    above, _ = shown(TurnEnded(TurnTrace(1, text="x", reply="All of it.", heard="All of it.", outcome="interrupted")))
    assert "interrupted" not in above


def test_an_empty_turn_leaves_nothing_and_a_notice_a_line() -> None:
    above, _ = shown(TurnEnded(TurnTrace(1, outcome="empty")), Notice("the microphone is gone", "warning"))
    assert above == "  the microphone is gone\n"


def test_a_reply_that_was_cut_is_marked_and_the_remark_stands_behind_it() -> None:
    trace = TurnTrace(1, text="tell me all", reply="And the third", heard="And the third", outcome="answered")
    trace.notes["cut"] = True
    remark = Remark("it was cut", "warning")
    spoken = ReplySpoken("And the third", "And the third")
    above, below = shown(StateChanged("thinking"), TranscriptChanged("tell me all", True), spoken, remark)
    assert "it was cut" not in above + below
    above, _ = shown(StateChanged("thinking"), spoken, remark, TurnEnded(trace))
    assert above.index("And the third …") < above.index("it was cut")
    assert "it was cut" in shown(remark)[0]


def test_blocks_that_stay_early_are_not_shown_twice() -> None:
    reply = "First one.\n\nSecond one.\n\nThird"
    above, below = shown(TranscriptChanged("tell", True), ReplySpoken("", reply), settle=2)
    assert "tell" in above and "First one." in above and "Second one." in above
    assert "Third" in below and "First" not in below and "tell" not in below
    end = TurnEnded(TurnTrace(1, text="tell", reply=reply, heard=reply, outcome="answered"))
    whole: list[RenderableType] = []
    view = ConversationView(whole.append, spoken=True)
    for event in (TranscriptChanged("tell", True), ReplySpoken("", reply)):
        view(event)
    view.settle()
    view(end)
    for words in ("tell", "First one.", "Second one.", "Third"):
        assert text(whole).count(words) == 1


def test_an_interruption_before_what_stays_already_says_where_it_was() -> None:
    above: list[RenderableType] = []
    view = ConversationView(above.append, spoken=True)
    reply = "First one.\n\nSecond."
    view(ReplySpoken("First", reply))
    view.settle()
    view(TurnEnded(TurnTrace(1, text="tell", reply=reply, heard="First", outcome="interrupted")))
    assert "— interrupted at “…First”" in text(above)


def test_text_from_outside_is_neither_markup_nor_a_command_of_the_terminal() -> None:
    above, below = shown(
        TranscriptChanged("[red]x[/red] [/oops] \x1b[2J", False),
        ReplySpoken("", "a\x1b]0;title\x07b \u202ecba"),
        Notice("[bold]n\x1b[31m"),
    )
    assert "[bold]n[31m" in above
    assert "[red]x[/red] [/oops] [2J" in below
    assert "a]0;titleb cba" in below
    assert "\x1b" not in above + below


def test_markdown_is_rendered_and_nothing_of_it_lost() -> None:
    reply = "# Plan\n\nUse **bold** `List<int>` and List<T>.\nNext line\n\n1. one\n2. two\n\n|a|b|\n|-|-|\n|1|木|\n"
    above, _ = shown(TurnEnded(TurnTrace(1, text="x", reply=reply, heard=reply, outcome="answered")))
    for words in ("Plan", "Use bold List<int> and List<T>.", "Next line", "1 one", "2 two", "木"):
        assert words in above
    assert "**" not in above and "#" not in above


def test_chinese_is_wrapped_and_not_cut() -> None:
    reply = "第一段中文文本，双宽字符应该正确换行，不会撕裂屏幕。" * 3
    above: list[RenderableType] = []
    ConversationView(above.append, spoken=True)(TurnEnded(TurnTrace(1, reply=reply, heard=reply, outcome="answered")))
    drawn = text(above, 40)
    assert "".join(drawn.split()).removeprefix("voice") == reply


def test_state_that_the_footer_needs_and_the_bell() -> None:
    rung: list[int] = []
    view = ConversationView(lambda piece: None, spoken=True, bell=lambda: rung.append(1))
    for event in (Muted(True), ConnectionChanged(False, "gone"), TimerRang("")):
        view(event)
    assert (view.muted, view.reconnecting, rung) == (True, True, [1])
    assert "muted" in text(view.render())


def test_sparkline_spans_quiet_to_loud() -> None:
    assert sparkline(deque([-100.0, -60.0, -35.0, -10.0, 0.0])) == "  ▄██"
