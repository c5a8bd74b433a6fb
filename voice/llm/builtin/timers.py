"""Timers set, cancelled, asked about. The skill only asks for them; the conversation's driver keeps and rings them."""

from __future__ import annotations

import re

from voice.llm.builtin.question import Answer, Question
from voice.llm.interface import Effect
from voice.text.durations import find_duration, say_duration

LONGEST_S = 24 * 3600.0

_ABOUT = re.compile(
    r"\b(?:timer|timers|alarm|countdown|count down|remind me|wake me)\b|计时|定时|倒计时|闹钟|提醒我|叫醒我"
)
_CANCEL = re.compile(r"^(?:cancel|stop|clear|delete|remove|turn off|kill|end)\b|取消|停止|停掉|关掉|删除|不要")
_LEFT = re.compile(
    r"\b(?:how long|how much time|how much longer|what is left|what's left|time left|remaining|any timers|which timers"
    r"|what timers|list)\b|还剩|还有多久|剩多少|多久|哪些"
)
_LEFT_ALONE = re.compile(
    r"^how (?:long|much time|much longer) (?:is |do i have |have i )?(?:left|remaining|to go)"
    r"|^(?:还剩|还有)(?:多久|多少时间|多长时间)$"
)
_LABEL = re.compile(r"\b(?:called|named|labeled|for the|for my) (.+)$")
_REMIND = re.compile(r"\bremind me\b.*?\bto (.+)$")
_KIND = re.compile(
    r"^(?:set|start|make|create|add|cancel|stop|delete|clear)?(?: (?:a|an|the|my))? ?([a-z]+) (?:timer|alarm)\b"
)
_NO_LABEL = frozenset(
    str.split(
        "a an the my all set start timer new another second this that me cancel stop delete clear long minute hour"
        " every any"
    )
)
_HAN_REMIND = re.compile(r"(?:提醒我|叫我)(.+)$")


def timer(question: Question) -> Answer | None:
    """Set, cancel or report timers; a bare length of time answers "for how long?"."""
    words = question.words
    if _LEFT_ALONE.search(words):
        return _report(question)
    if not _ABOUT.search(words):
        return _completed(question)
    if _CANCEL.search(words):
        return _cancel(question)
    if _LEFT.search(words) and find_duration(words, chinese=question.chinese) is None:
        return _report(question)
    return _set(question, words)


def _set(question: Question, words: str) -> Answer:
    found = find_duration(words, chinese=question.chinese)
    if found is None:
        return Answer(question.say("For how long?", "多长时间？"), whole=False)
    seconds, rest = found
    if not 0 < seconds <= LONGEST_S:
        return Answer(question.say("I can set timers up to 24 hours.", "计时器最长24小时。"))
    label = _label(rest, chinese=question.chinese)
    length = say_duration(seconds, question.language)
    text = question.say(
        f"Timer set for {length}{f', {label}' if label else ''}.",
        f"好的，{length}后{f'提醒你{label}' if label else '提醒你'}。",
    )
    return Answer(text, (Effect("timer.set", {"seconds": seconds, "label": label}),))


def _completed(question: Question) -> Answer | None:
    """A bare "five minutes" when the question before asked for a timer without a length."""
    found = find_duration(question.words, chinese=question.chinese)
    earlier = question.previous()
    if found is None or earlier is None or found[1] not in ("", "for"):
        return None
    asked = bool(_ABOUT.search(earlier.words)) and not _CANCEL.search(earlier.words) and not _LEFT.search(earlier.words)
    if not asked or find_duration(earlier.words, chinese=earlier.chinese) is not None:
        return None
    return _set(question, f"{earlier.words} {question.words}")


def _cancel(question: Question) -> Answer:
    label = "" if question.chinese else _kind(question.words)
    running = question.timers
    if running is not None and not any(not label or name == label for name, _ in running):
        return Answer(
            question.say("No such timer is running." if label else "No timer is running.", "没有正在运行的计时器。")
        )
    text = question.say(f"The {label} timer is cancelled." if label else "Timer cancelled.", "计时器已取消。")
    return Answer(text, (Effect("timer.cancel", {"label": label}),))


def _report(question: Question) -> Answer:
    running = question.timers
    if running is None:
        return Answer(question.say("I can't see the timers from here.", "我在这里看不到计时器。"))
    if not running:
        return Answer(question.say("No timer is running.", "没有正在运行的计时器。"))
    shown = []
    for label, seconds in running[:3]:
        length = say_duration(seconds, question.language)
        if question.chinese:
            shown.append(f"{label}还剩{length}")
        else:
            shown.append(f"{length} left{f' for {label}' if label else ''}")
    return Answer(question.say(", ".join(shown) + ".", "，".join(shown) + "。"))


def _label(rest: str, *, chinese: bool) -> str:
    if chinese:
        found = _HAN_REMIND.search(rest)
        return found[1] if found else ""
    for pattern in (_REMIND, _LABEL):
        if (found := pattern.search(rest)) and found[1] not in _NO_LABEL:
            return found[1]
    return _kind(rest)


def _kind(words: str) -> str:
    """The word before `timer`, as in "the tea timer", if it names one."""
    found = _KIND.search(words)
    return found[1] if found and found[1] not in _NO_LABEL else ""
