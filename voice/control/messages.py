"""The messages to LEDs, buttons and scripts, and the commands from them: JSON, one object per line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from voice.conversation.observer import (
    Muted,
    Note,
    Notice,
    StateChanged,
    TimerRang,
    TranscriptChanged,
    TurnEnded,
    Woken,
)
from voice.errors import UsageError

EVENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "idle": ("neither side is speaking", ""),
        "listening": ("you speak", ""),
        "thinking": ("your turn has ended and the reply is being prepared", ""),
        "speaking": ("the reply has begun to play", ""),
        "wake": ("the wake word was detected", "`phrase`"),
        "turn": (
            "a turn has ended",
            "`turn`, `outcome` (answered, interrupted, failed, empty), `response_ms` or null; "
            "`words` and `reply` where `hooks.words` is on",
        ),
        "muted": ("the microphone was muted", ""),
        "unmuted": ("the microphone was unmuted", ""),
        "timer": ("a timer is up", "`label`, empty if the timer has none"),
        "error": ("something failed", "`text`, one readable line"),
        "words": ("what you have said so far; only where `hooks.words` is on", "`text`, `final`"),
    }
)
"""Each event, when it is sent, and its fields besides `event` and `time` (seconds since 1970)."""

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "start": ("", "start a turn as if the wake word was said; a reply is interrupted"),
        "stop": ("", "stop the reply and discard the current turn"),
        "mute": ("", "hear nothing"),
        "unmute": ("", "hear again"),
        "volume": ("percent", "playback volume, 0 to 100"),
        "say": ("text", "speak a text once no one is speaking"),
        "status": ("", "answer with a snapshot"),
    }
)
"""Each order, the field it needs besides `do`, and what it does."""

SHOWN = MappingProxyType(
    {
        "idle": "idle",
        "listening": "listening",
        "ending": "listening",
        "thinking": "thinking",
        "speaking": "speaking",
        "paused": "listening",
    }
)
"""The states as clients see them: a pause in a turn, or speech over a reply, counts as listening."""

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `value` is the text to speak or the volume in percent."""

    do: str
    value: str | float = ""


def parse(line: bytes) -> Command:
    """Parse one line as a command; raises UsageError if it is invalid."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError("the line is not JSON", where="command", expected='such as {"do": "mute"}') from None
    do = found.get("do") if isinstance(found, dict) else None
    if not isinstance(do, str) or do not in COMMANDS:
        raise UsageError(f"unknown command: {str(do)[:40]!r}", where="do", expected=", ".join(COMMANDS))
    needed = COMMANDS[do][0]
    if not needed:
        return Command(do)
    value = found.get(needed)
    if needed == "percent":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            raise UsageError("invalid volume", where="percent", expected="a number from 0 to 100")
        return Command(do, float(value))
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_TEXT:
        raise UsageError("no text to speak", where="text", expected=f"a text of 1 to {LONGEST_TEXT} characters")
    return Command(do, value.strip())


def line(message: Mapping[str, Any]) -> bytes:
    """A message as one line of JSON."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n"


class Teller:
    """Turns a conversation's notes into events; they contain what people say only if `words` allows it."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self.state = "idle"

    def events(self, seen: Note, at: float) -> list[dict[str, Any]]:
        """The events of one note; `at` is in seconds since 1970."""
        return [{"event": name, "time": round(at, 3), **more} for name, more in self._named(seen)]

    def _named(self, seen: Note) -> list[tuple[str, dict[str, Any]]]:
        match seen:
            case StateChanged(state=state):
                shown, before = SHOWN[str(state)], self.state
                self.state = shown
                return [(shown, {})] if shown != before else []
            case Woken(phrase=phrase):
                return [("wake", {"phrase": phrase})]
            case Muted(muted=muted):
                return [("muted" if muted else "unmuted", {})]
            case TimerRang(label=label):
                return [("timer", {"label": label})]
            case Notice(text=text, level="error"):
                return [("error", {"text": text})]
            case TranscriptChanged(text=text, final=final) if self._words:
                return [("words", {"text": text, "final": final})]
            case TurnEnded(trace=trace):
                said = {"words": trace.text, "reply": trace.heard} if self._words else {}
                ms = trace.response_ms
                known = {"turn": trace.turn, "outcome": str(trace.outcome)}
                return [("turn", {**known, "response_ms": None if ms is None else round(ms), **said})]
        return []
