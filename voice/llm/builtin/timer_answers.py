"""What is said of timers: set, changed, cancelled, left, and the questions where the words may mean two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from voice.llm.builtin.moment import say_moment
from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.repeats import Repeat
from voice.llm.builtin.timer_choice import describe, say_repeat
from voice.llm.builtin.timer_list import Kind, Running, Timer
from voice.llm.interface import Effect
from voice.text.durations import say_duration

_MOST_TOLD = 5


def is_set(question: Question, kind: Kind, label: str, seconds: float, at: str = "") -> str:
    """The confirmation, with the length or the time `at` which it rings."""
    length = say_duration(seconds, question.language)
    if question.chinese:
        if kind == "alarm":
            return f"好的，闹钟定在{at}{f'，{label}' if label else ''}。" if at else f"好的，{length}后叫你。"
        return f"好的，{at or f'{length}后'}{f'提醒你{label}' if label else '提醒你'}。"
    named = f", {label}" if label else ""
    if kind == "timer":
        return f"Timer set for {at or length}{named}."
    if kind == "alarm":
        return f"Alarm set for {at}{named}." if at else f"Alarm set for {length} from now{named}."
    when = f"at {at}" if at else f"in {length}"
    return f"I'll remind you {when}{f': {label}' if label else ''}."


def several_set(question: Question, seconds: Sequence[float]) -> str:
    """The confirmation of several timers."""
    said = [say_duration(one, question.language) for one in seconds]
    return question.say(f"Timers set for {_listed(said)}.", f"好的，设了{'和'.join(said)}的计时器。")


def how_long(question: Question, unclear: str = "") -> Answer:
    """Ask for the length; `unclear` is what could have been two."""
    if unclear:
        return Answer(question.say(f"For how long exactly: {unclear}?", f"到底多长时间，{unclear}？"), whole=False)
    return Answer(question.say("For how long?", "多长时间？"), whole=False)


def at_what_time(question: Question) -> Answer:
    """Ask for the time; a timer "for 1:30" may be a length or a time of day."""
    if "timer" in question.words:
        return Answer("Minutes or hours? Say the length with its unit, please.", whole=False)
    return Answer(question.say("At what time?", "几点？"), whole=False)


def which_one(question: Question, running: Sequence[Running]) -> Answer:
    """Ask which of several is meant."""
    names = [describe(timer, question.now, question.language) for timer in running[:_MOST_TOLD]]
    if question.chinese:
        return Answer(f"哪一个？{'，还是'.join(names)}？", whole=False)
    return Answer(f"Which one: the {', or the '.join(names)}?", whole=False)


def cancelled(question: Question, chosen: Sequence[Running]) -> Answer:
    """Cancel these; the reply names each, so that a wrong one is heard."""
    names = [describe(timer, question.now, question.language) for timer in chosen]
    effect = Effect("timer.cancel", {"numbers": [timer.number for timer in chosen]})
    if len(chosen) == 1:
        return Answer(question.say(f"The {names[0]} is cancelled.", f"{names[0]}已取消。"), (effect,))
    listed = _listed([f"the {name}" for name in names])
    return Answer(question.say(f"Cancelled: {listed}.", f"已取消：{'、'.join(names)}。"), (effect,))


def changed(question: Question, timer: Running, left: float, repeat: Repeat | None = None) -> str:
    """The confirmation of a change, with what is left now, or the days on which it rings from now on."""
    name, length = describe(timer, question.now, question.language), say_duration(left, question.language)
    if timer.kind != "timer":
        length = say_moment(question.now + timedelta(seconds=left), question.now, question.language)
        length = say_repeat(repeat, question.now, question.language) if repeat is not None else length
        return question.say(f"The {name} is now for {length}.", f"{name}改到{length}。")
    return question.say(f"The {name} now has {length} left.", f"{name}现在还剩{length}。")


def reported(question: Question, running: Sequence[Running] | None, counted: Kind | None = None) -> Answer:
    """How long is left, or how many there are."""
    if running is None:
        return Answer(question.say("I can't see the timers from here.", "我在这里看不到计时器。"))
    if not running:
        return Answer(question.say(f"No {counted or 'timer'} is running.", "没有正在运行的计时器。"))
    nameless = sum(not timer.label for timer in running) > 1
    told = [_left(question, timer, nameless) for timer in running[:_MOST_TOLD]]
    text = question.say(", ".join(told) + ".", "，".join(told) + "。")
    if counted is None:
        return Answer(text)
    count = len(running)
    kinds = question.say(
        f"{counted}{'s' if count != 1 else ''}", {"alarm": "闹钟", "reminder": "提醒"}.get(counted, "计时器")
    )
    return Answer(question.say(f"You have {count} {kinds}: {text}", f"有{count}个{kinds}：{text}"))


def missed(timers: Sequence[Timer], now: datetime, language: str) -> str:
    """What came due while the assistant was off: timers with `wall`, earliest first."""
    told = [_missed(timer, now, language) for timer in timers[:_MOST_TOLD]]
    if language == "zh":
        return f"我关着的时候，{'；'.join(told)}。"
    return f"{'Während ich aus war' if language == 'de' else 'While I was off'}: {'; '.join(told)}."


def _missed(timer: Timer, now: datetime, language: str) -> str:
    moment = datetime.fromtimestamp(timer.wall or 0.0, now.tzinfo)
    if language == "de":
        at = f"um {moment:%H:%M} Uhr" if moment.date() == now.date() else f"am {moment:%d.%m.} um {moment:%H:%M} Uhr"
        what = {"alarm": "der Wecker", "reminder": "die Erinnerung"}.get(timer.kind, "der Timer")
        return f"{what} {timer.label + ' ' if timer.label else ''}{at}"
    at = say_moment(moment, now, language)
    if language == "zh":
        name = timer.label or say_duration(timer.seconds, "zh") + "的"
        return {
            "alarm": f"您{at}的闹钟{f'（{timer.label}）' if timer.label else ''}响过了",
            "reminder": f"{at}本来要提醒您{timer.label}",
            "timer": f"您{name}计时器在{at}到了",
        }[timer.kind]
    name = describe(Running(timer.label, 0.0, timer.seconds, kind="timer"), now, "en")
    return {
        "alarm": f"your alarm{f', {timer.label},' if timer.label else ''} was due at {at}",
        "reminder": f"your reminder{f', {timer.label},' if timer.label else ''} was due at {at}",
        "timer": f"your {name} ended at {at}",
    }[timer.kind]


def _left(question: Question, timer: Running, nameless: bool) -> str:
    length = say_duration(timer.left, question.language)
    if timer.kind != "timer":
        name = describe(timer, question.now, question.language)
        return question.say(f"{length} until the {name}", f"离{name}还有{length}")
    if question.chinese:
        name = timer.label or (describe(timer, question.now, "zh") if nameless and timer.seconds else "")
        return f"{name}还剩{length}"
    of = f" of {say_duration(timer.seconds, 'en')}" if nameless and timer.seconds else ""
    return f"{length} left{f' for {timer.label}' if timer.label else of}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
