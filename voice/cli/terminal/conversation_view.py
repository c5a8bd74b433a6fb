"""What a terminal shows of a conversation: past turns, which stay above, and the current one, which is redrawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from voice.audio.frames import SILENT_DBFS
from voice.cli.terminal.markdown import ReplyMarkdown, Tight, blocks, is_marked, printable
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

BARS = " ▁▂▃▄▅▆▇█"
FLOOR_DBFS, CEILING_DBFS = -60.0, -10.0
HISTORY = 24
"""Levels shown, one per tenth of a second."""

STATES = {
    "idle": ("○", "dim", "say something"),
    "listening": ("●", "bold red", "listening"),
    "ending": ("●", "yellow", "listening"),
    "thinking": ("◌", "bold cyan", "thinking"),
    "speaking": ("▶", "bold green", "speaking"),
    "paused": ("⏸", "yellow", "paused, you spoke"),
}
NOTICES = {"info": "dim", "warning": "yellow", "error": "bold red"}
MANNERS = {"interrupted": ("— interrupted", "yellow"), "failed": ("— failed", "bold red")}

LAST_HEARD = 40
"""Characters quoted of a reply whose rest was shown and not heard."""


class ConversationView:
    """An observer of a conversation. `above` is given each piece that stays, once nothing of it can change.

    `spoken` says that a microphone listens; `invitation` is what the person is asked to do while nothing happens.
    `latency` shows how long each reply took. `bell` sounds for a timer.
    """

    def __init__(
        self,
        above: Callable[[RenderableType], None],
        *,
        spoken: bool,
        invitation: str = STATES["idle"][2],
        latency: bool = False,
        bell: Callable[[], None] = lambda: None,
    ) -> None:
        self._above, self._bell = above, bell
        self._spoken, self._invitation, self._latency = spoken, invitation, latency
        self._levels: deque[float] = deque([SILENT_DBFS] * HISTORY, maxlen=HISTORY)
        self._begin()
        self.state = "idle"
        self.muted = False
        self.reconnecting = False

    def _begin(self) -> None:
        self._words, self._heard, self._text = TranscriptChanged("", False), 0, ""
        self._gone = 0  # code points of the reply that stay above already
        self._named = False  # and whether the words it answers do
        self._remarks = list[Remark]()

    def __call__(self, event: Note) -> None:
        match event:
            case Level():
                self._levels.append(event.dbfs)
            case StateChanged():
                self.state = str(event.state)
            case TranscriptChanged():
                self._words = event
            case ReplySpoken():
                self._heard, self._text = len(event.heard), event.text
            case TurnEnded():
                self._end(event.trace)
            case Muted():
                self.muted = event.muted
            case ConnectionChanged():
                self.reconnecting = not event.up
            case TimerRang():
                self._bell()
            case Remark() if self.busy:
                self._remarks.append(event)
            case Notice():
                self._tell(event)

    @property
    def busy(self) -> bool:
        """Whether a reply is awaited or heard."""
        return self.state in ("thinking", "speaking", "paused")

    def render(self) -> list[RenderableType]:
        """The current turn: the words so far, the reply so far, and what is going on."""
        shown: list[RenderableType] = []
        if self._words.text and not self._named:
            words = Text(printable(self._words.text[: self._words.stable]), style="bold")
            rest = printable(self._words.text[self._words.stable :])
            words.append(rest, "bold" if self._words.final else "italic dim")
            shown.append(said("you", "cyan", words))
        if self._text[self._gone :].strip():
            shown.append(said("" if self._gone else "voice", "green", self._reply()))
        if self._spoken or self.state == "thinking":
            shown.append(self._doing())
        return shown

    def settle(self) -> bool:
        """Let the first finished block of the reply stay above, to make room; False where there is none."""
        found = blocks(self._text[self._gone :])
        if len(found) < 2:
            return False
        self._name(self._words.text)
        self._above(said("" if self._gone else "voice", "green", rendered(found[0])))
        self._above(Text())
        self._gone += len(found[0])
        return True

    def _name(self, words: str) -> None:
        if words and not self._named:
            self._named = True
            self._above(said("you", "cyan", Text(printable(words), style="bold")))

    def _reply(self) -> RenderableType:
        """The reply, with the blocks, or the words of a plain one, that were not heard yet dimmed."""
        at, parts = self._gone, list[RenderableType]()
        silent = not self._spoken and self.state != "speaking"
        for block in blocks(self._text[self._gone :]):
            heard = len(block) if silent else max(0, self._heard - at)
            parts += [Text()] * bool(parts)
            if is_marked(block):
                parts.append(rendered(block, dim=not heard))
            else:
                words = Text(printable(block[:heard]))
                words.append(printable(block[heard:].rstrip()), "dim")
                parts.append(words)
            at += len(block)
        return Group(*parts)

    def _doing(self) -> RenderableType:
        sign, style, label = STATES.get(self.state, ("○", "dim", self.state))
        if self.state == "idle":
            label = "muted" if self.muted else self._invitation
        levels = sparkline(self._levels) if self._spoken and not self.muted else ""
        row = Table.grid(padding=(0, 2))
        row.add_column(no_wrap=True, overflow="ellipsis")
        row.add_column(no_wrap=True, overflow="crop", style="green")
        row.add_row(Text(f" {sign} {label}", style=style), levels)
        return row

    def _end(self, trace: TurnTrace) -> None:
        shown, gone = trace.shown, self._gone
        self._name(trace.text)
        if shown[gone:].strip() or (trace.text and not gone) or trace.outcome in MANNERS:
            self._above(past_reply(trace, gone, latency=self._latency))
        for remark in self._remarks:
            self._tell(remark)
        if trace.text or shown:
            self._above(Text())
        self._begin()

    def _tell(self, notice: Notice) -> None:
        self._above(Text(f"  {printable(notice.text)}", style=NOTICES.get(notice.level, "")))


def past_reply(trace: TurnTrace, gone: int = 0, *, latency: bool = False) -> RenderableType:
    """The reply of a finished turn as it stays: what was heard of it, or read, without its first `gone` code points."""
    rest = trace.shown[gone:].strip("\n")
    manner = MANNERS.get(trace.outcome)
    whole = trace.outcome == "interrupted" and trace.heard == trace.reply
    parts: list[RenderableType] = []
    for block in blocks(rest) if rest.strip() else []:
        parts += [Text()] * bool(parts) + [rendered(block)]
    if trace.notes.get("cut") and parts and isinstance(parts[-1], Text):
        parts[-1].append(" …", "dim")
    if manner is not None and not whole:
        words, style = manner
        if len(trace.heard) < gone:
            words += f" at “…{printable(trace.heard[-LAST_HEARD:]).strip()}”"
        if parts and isinstance(parts[-1], Text):
            parts[-1].append(f" {words}", style)
        else:
            parts.append(Text(words, style=style))
    response = trace.response_ms
    timing = Text(f"{response:.0f} ms" if latency and response is not None else "", style="dim")
    return said("" if gone else "voice", "green", Group(*parts), timing)


def rendered(block: str, *, dim: bool = False) -> Text | Tight:
    """A block of a reply: plain words as they are, else its Markdown."""
    text = printable(block).strip("\n")
    if not is_marked(text):
        return Text(text.rstrip(), style="dim" if dim else "")
    markdown = ReplyMarkdown(text)
    markdown.style = "dim" if dim else "none"
    return Tight(markdown)


def sparkline(levels: deque[float]) -> str:
    """The last levels in dBFS as a row of bars."""
    span = CEILING_DBFS - FLOOR_DBFS
    shares = (min(1.0, max(0.0, (level - FLOOR_DBFS) / span)) for level in levels)
    return "".join(BARS[round(share * (len(BARS) - 1))] for share in shares)


def said(who: str, colour: str, what: RenderableType, after: Text | None = None) -> Table:
    """A row of a conversation: who, what, and what is noted on the right."""
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(width=6, justify="right", style=Style(color=colour), no_wrap=True)
    row.add_column(ratio=1, overflow="fold")  # a script without spaces has no words to wrap at
    if after is not None and after.plain:
        row.add_column(justify="right", no_wrap=True)
        row.add_row(who, what, after)
    else:
        row.add_row(who, what)
    return row
