"""Timers, alarms and reminders: a request in the responder's words, whose skill knows all about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from voice.llm.builtin.question import Question, RunningTimers
from voice.llm.builtin.timer_list import KINDS
from voice.llm.builtin.timers import timer
from voice.llm.interface import Effect
from voice.text.speakable import HAN
from voice.tools.interface import Context, Result, Spec, ToolError, schema

SENTENCES: Mapping[tuple[str, str], str] = {
    ("set", "timer"): "set a timer for {when}{every}{named}",
    ("set", "alarm"): "set an alarm for {when}{every}{named}",
    ("set", "reminder"): "remind me {when}{every} to {label}",
    ("list", "timer"): "how much time is left on the {label} timer",
    ("list", "alarm"): "what alarms are set",
    ("list", "reminder"): "what reminders are set",
    **{("cancel", kind): f"cancel the {{label}} {kind}" for kind in KINDS},
    **{("change", kind): f"change the {{label}} {kind} to {{when}}{{every}}" for kind in KINDS},
    **{("add", kind): f"add {{when}} to the {{label}} {kind}" for kind in KINDS},
    **{("snooze", kind): "snooze for {when}" for kind in KINDS},
}
STAND_IN = "xyzzy"
"""Stands in English sentences for a label in Chinese."""

NEEDS_WHEN = {"set": "For how long, or at what time?", "change": "To what time?", "add": "How much longer?"}


class TimersTool:
    """Sets, changes, cancels, snoozes and lists. `running` gives the timers where they can be seen from here."""

    spec = Spec(
        "timers",
        "Timers, alarms and reminders that ring: set, change, lengthen (add), cancel or snooze one, or ask which are "
        "running.",
        schema(
            "action",
            action={"enum": ["set", "change", "add", "cancel", "snooze", "list"]},
            kind={"enum": ["timer", "alarm", "reminder"], "description": "timer unless said otherwise"},
            when={"type": "string", "description": "as 5 minutes, 1 hour 30 minutes, 7:30 am, tomorrow at 8 am"},
            every={"type": "string", "description": "repeats on: day, weekday, weekend, monday and thursday"},
            label={"type": "string", "maxLength": 60, "description": "what it is called, or what to be reminded of"},
        ),
        effect="timer",
    )

    def __init__(self, running: Callable[[], RunningTimers] | None = None) -> None:
        self._running = running

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """What is said of it, and the effect that the client carries out."""
        action, kind = str(arguments["action"]), str(arguments.get("kind", "timer"))
        when, label = str(arguments.get("when", "")), str(arguments.get("label", ""))
        every = str(arguments.get("every", "")).removeprefix("every ")
        if action in NEEDS_WHEN and not when:
            raise ToolError(NEEDS_WHEN[action])
        if action == "snooze":
            kind, when = "timer", when or "10 minutes"
        spoken = STAND_IN if re.search(f"[{HAN}]", label) else label
        sentence = SENTENCES[action, kind].format(
            when=_in(when, kind) if action == "set" else when,
            label=spoken,
            named=spoken and f" called {spoken}",
            every=every and f" every {every}",
        )
        timers = None
        if self._running is not None:
            timers = [replace(one, label=spoken) if one.label == label else one for one in self._running()]
        answer = timer(Question(" ".join(sentence.split()), context.now, (), timers))
        if answer is None or not answer.whole:
            raise ToolError(answer.text if answer is not None else "That is no time.")
        return Result(answer.text.replace(STAND_IN, label), tuple(_named(one, label) for one in answer.effects))


def _named(effect: Effect, label: str) -> Effect:
    """The effect with the label in place of what stood for it."""
    return replace(effect, data={**effect.data, "label": label}) if effect.data.get("label") == STAND_IN else effect


def _in(when: str, kind: str) -> str:
    """A length of time, or a moment, as a reminder is asked for."""
    if kind != "reminder" or when.split(" ")[0] in ("in", "at", "on", "tomorrow", "tonight", "next"):
        return when
    return f"{'at' if ':' in when or when.endswith(('am', 'pm', 'noon')) else 'in'} {when}"
