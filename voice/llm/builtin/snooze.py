"""`Snooze`, `ten more minutes`, `再睡十分钟`: what rang just now is to ring again."""

from __future__ import annotations

import re

from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.timer_answers import how_long
from voice.llm.interface import Effect
from voice.text.durations import lengths, masked, say_duration
from voice.text.patterns import pattern_of

SNOOZE_S = 600.0
"""How long it is quiet where no length was said."""

LONGEST_S = 12 * 3600.0

_SNOOZE = pattern_of(
    r"^(?:snooze(?: (?:it|that|the (?:alarm|timer|reminder)|again))?|(?:let me )?sleep|(?:give me )?)"
    r"(?: ?(?:for )?\0(?: more)?)?(?: later)?$"
    r"|^remind me (?:again )?(?:later|in \0)$|^wake me (?:again )?in \0$"
    r"|^(?:(?:让我)?再?睡(?:一?会儿?)?\0?|贪睡\0?|(?:过)?\0(?:钟)?(?:后|之后)?再(?:叫我|提醒我?|响)"
    r"|(?:再?等|再|过)一?会儿?(?:再(?:叫我|提醒我?))?|再等?(?:给我)?\0)$"
)
_SNOOZES = pattern_of(r"snooze|sleep|more|again|later|再|睡")


def snooze(question: Question) -> Answer | None:
    """`snooze`, `ten more minutes`, `再睡十分钟`, where something rang just now; `snooze` also where nothing did."""
    words, chinese = question.words, question.chinese
    spans = lengths(words, chinese=chinese)
    cut = masked(words, spans)
    if len(spans) > 1 or not cut or not _SNOOZE.search(cut) or not _SNOOZES.search(words):
        return None
    if question.rung is None:
        if not re.search(r"snooze|贪睡", words):
            return None
        if question.timers is not None:
            return Answer(question.say("Nothing has rung just now.", "刚才没有响过。"))
    seconds = spans[0].seconds if spans else SNOOZE_S
    if seconds is None or not 0 < seconds <= LONGEST_S:
        return how_long(question, words[spans[0].start : spans[0].end])
    length = say_duration(seconds, question.language)
    text = question.say(f"I'll ring again in {length}.", f"好的，{length}后再叫你。")
    return Answer(text, (Effect("timer.snooze", {"seconds": seconds}),))
