"""What is said of timers in German: set, changed, cancelled, left, and the questions where words may mean two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from voice.llm.builtin.german.moments import say_german_moment, say_german_repeat
from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.repeats import Repeat
from voice.llm.builtin.timer_list import Kind, Running
from voice.llm.interface import Effect
from voice.text.german.durations import say_german_duration

_MOST_TOLD = 5
_NAMES: Mapping[Kind, str] = {"timer": "Timer", "alarm": "Wecker", "reminder": "Erinnerung"}
_NONE: Mapping[Kind, str] = {
    "timer": "Es läuft kein Timer.",
    "alarm": "Es ist kein Wecker gestellt.",
    "reminder": "Es gibt keine Erinnerung.",
}
NO_PAUSE = Answer("Anhalten kann ich Timer nicht, nur löschen.")
TOO_OFTEN = Answer("Wiederholen kann ich nur an Wochentagen, zum Beispiel jeden Tag oder jeden Montag.")
UNSEEN = Answer("Von hier aus sehe ich die Timer nicht.")
HOW_LONG = Answer("Wie lange?", whole=False)
WHAT_UNIT = Answer("Minuten oder Stunden?", whole=False)
WHAT_TIME = Answer("Um wie viel Uhr?", whole=False)
PAST = Answer("Diese Zeit ist vorbei. Um wie viel Uhr?", whole=False)
TIMER_LIMITS = Answer("Ein Timer kann eine Sekunde bis 48 Stunden dauern.")
ALARM_LIMITS = Answer("Das geht höchstens 31 Tage im Voraus.")
NOTHING_RANG = Answer("Gerade hat nichts geklingelt.")


def is_set(kind: Kind, label: str, when: str) -> str:
    """The confirmation; `when` is a length for a timer, else `in 10 Minuten` or `morgen um 7 Uhr`."""
    if kind == "reminder":
        return f"Erinnerung {when}: {label}." if label else f"Erinnerung {when}."
    return f"{_NAMES[kind]}{f' für {label}' if label else ''} gestellt: {when}."


def several_set(seconds: Sequence[float]) -> str:
    """The confirmation of several timers."""
    return f"Timer gestellt: {_listed([say_german_duration(one) for one in seconds])}."


def how_long_exactly(unclear: str) -> Answer:
    """Ask for the length, with what could have been two."""
    return Answer(f"Wie lange genau: {unclear}?", whole=False)


def which_quarter(hour: int) -> Answer:
    """Ask what `viertel acht` means: people differ by an hour."""
    before, one = (hour - 1) or 12, "ein" if hour == 1 else hour
    return Answer(f"{'ein' if before == 1 else before} Uhr 15 oder {one} Uhr 15?", whole=False)


def which_one(question: Question, running: Sequence[Running]) -> Answer:
    """Ask which of several is meant."""
    names = [describe(timer, question.now) for timer in running[:_MOST_TOLD]]
    return Answer(f"Was ist gemeint: {' oder '.join(names)}?", whole=False)


def none_such(kind: Kind, running: Sequence[Running] | None) -> Answer:
    """Say that there is none, or none of that name."""
    return Answer(f"{_NAMES[kind]} nicht gefunden." if running else _NONE[kind])


def cancelled(question: Question, chosen: Sequence[Running]) -> Answer:
    """Cancel these; the reply names each, so that a wrong one is heard."""
    names = _listed([describe(timer, question.now) for timer in chosen])
    return Answer(f"Gelöscht: {names}.", (Effect("timer.cancel", {"numbers": [timer.number for timer in chosen]}),))


def changed(question: Question, timer: Running, left: float, repeat: Repeat | None = None) -> str:
    """The confirmation of a change."""
    if timer.kind == "timer":
        return f"{describe(timer, question.now)}: noch {say_german_duration(left)}."
    at = say_german_moment(question.now + timedelta(seconds=left), question.now)
    at = say_german_repeat(repeat, question.now) if repeat is not None else at
    return f"{_named(timer)} verschoben: {at}."


def reported(question: Question, running: Sequence[Running] | None, kind: Kind = "timer", *, counted: bool) -> Answer:
    """How long is left, or how many there are."""
    if running is None:
        return UNSEEN
    if not running:
        return Answer(_NONE[kind])
    told = "; ".join(_left(question, timer, alone=len(running) == 1) for timer in running[:_MOST_TOLD])
    told = told[0].upper() + told[1:]
    return Answer(f"Es sind {len(running)}: {told}." if counted and len(running) > 1 else f"{told}.")


def _left(question: Question, timer: Running, *, alone: bool) -> str:
    left = f"noch {say_german_duration(timer.left)}"
    if timer.kind == "timer" and alone:
        return f"{left} für {timer.label}" if timer.label else left
    return f"{describe(timer, question.now)}, {left}"


def describe(timer: Running, now: datetime) -> str:
    """A timer as a reply names it: `Timer für Nudeln`, `Timer über 5 Minuten`, `Wecker morgen um 7 Uhr`."""
    if timer.kind == "timer":
        length = say_german_duration(timer.seconds or timer.left)
        return _named(timer) if timer.label else f"Timer über {length}"
    at = say_german_moment(now + timedelta(seconds=timer.left), now)
    if timer.repeat is not None:
        at = say_german_repeat(timer.repeat, now)
    return f"{_named(timer)} {at}" if timer.kind == "alarm" else _named(timer)


def _named(timer: Running) -> str:
    if timer.kind == "reminder":
        return f"Erinnerung „{timer.label}“" if timer.label else "Erinnerung"
    return f"{_NAMES[timer.kind]}{f' für {timer.label}' if timer.label else ''}"


def _listed(parts: Sequence[str]) -> str:
    return " und ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
