"""Saying something again: the person's words, or the reply before."""

from __future__ import annotations

import re

from voice.llm.builtin.question import Answer, Question
from voice.text.han import simplified

_LEAD = r"^\W*(?:(?:please|can you|could you|and|now)\s+)*"
_AFTER_ME = re.compile(
    rf"{_LEAD}(?:(?:repeat|say) after me|repeat(?! (?:that|it|please)\b)|say(?! (?:that|it|again)\b))[\s,:]+(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_HAN_AFTER_ME = re.compile(r"^\W*(?:请)?(?:跟我(?:说|读|念)|重复一下|重复)[，：:\s]*(.+)$", re.DOTALL)
_AGAIN = re.compile(
    r"^(?:(?:say|repeat) (?:that|it|that again|it again|again)|say that (?:one )?more time|repeat|one more time"
    r"|what did you (?:just )?say|pardon(?: me)?|come again|again|i (?:didn't|did not) (?:hear|catch|get) (?:that|you)"
    r"|sorry what|what was that)$"
    r"|^(?:再?说一遍|再?说一次|你说什么|没听清|没听清楚|重复一遍|刚才说什么)$"
)


def repeat(question: Question) -> Answer | None:
    """Repeat after the person, or say the last reply again."""
    if _AGAIN.search(question.words):
        return Answer(question.last_reply() or question.say("I have not said anything yet.", "我还没有说过话。"))
    found = _HAN_AFTER_ME.match(simplified(question.text)) if question.chinese else _AFTER_ME.match(question.text)
    return Answer(found[1].strip()) if found else None
