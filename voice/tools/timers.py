"""Timers, alarms and reminders: a request in the responder's words, whose skill knows all about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voice.llm.builtin.question import Question, RunningTimers
from voice.llm.builtin.timers import timer
from voice.tools.interface import Context, Result, Spec, ToolError, schema

SENTENCES: Mapping[tuple[str, str], str] = {
    ("set", "timer"): "set a timer for {when}{named}",
    ("set", "alarm"): "set an alarm for {when}{named}",
    ("set", "reminder"): "remind me {when} to {label}",
    ("cancel", "timer"): "cancel the {label} timer",
    ("cancel", "alarm"): "cancel the {label} alarm",
    ("cancel", "reminder"): "cancel the {label} reminder",
    ("list", "timer"): "how much time is left on the {label} timer",
    ("list", "alarm"): "what alarms are set",
    ("list", "reminder"): "what reminders are set",
}


class TimersTool:
    """Sets, cancels and lists. `running` gives the timers of the conversation where they can be seen from here."""

    spec = Spec(
        "timers",
        "Timers, alarms and reminders that ring: set one, cancel one, or ask which are running.",
        schema(
            "action",
            action={"enum": ["set", "cancel", "list"]},
            kind={"enum": ["timer", "alarm", "reminder"], "description": "timer unless said otherwise"},
            when={"type": "string", "description": "as 5 minutes, 1 hour 30 minutes, 7:30 am, tomorrow at 8 am"},
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
        if action == "set" and not when:
            raise ToolError("For how long, or at what time?")
        sentence = SENTENCES[action, kind].format(when=_in(when, kind), label=label, named=label and f" called {label}")
        timers = self._running() if self._running is not None else None
        answer = timer(Question(" ".join(sentence.split()), context.now, (), timers))
        if answer is None or not answer.whole:
            raise ToolError(answer.text if answer is not None else "That is no time.")
        return Result(answer.text, answer.effects)


def _in(when: str, kind: str) -> str:
    """A length of time, or a moment, as a reminder is asked for."""
    if kind != "reminder" or when.split(" ")[0] in ("in", "at", "on", "tomorrow", "tonight", "next"):
        return when
    return f"{'at' if ':' in when or when.endswith(('am', 'pm', 'noon')) else 'in'} {when}"
