"""Whether the words so far sound like a whole turn: the endpointer waits less when they do, longer when they don't."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voice.text.numbers import in_digits, simplified
from voice.text.patterns import pattern_of
from voice.text.speakable import language_of
from voice.turn.completeness_chinese import judge_chinese
from voice.turn.completeness_english import judge_english

Verdict = Literal["complete", "unfinished", "unclosed", "unknown"]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The judgement and the rule that made it, for the trace.

    `unclosed`: a recognizer that sets marks set none here; a weak sign that more is to come.
    """

    verdict: Verdict
    rule: str


UNKNOWN = Completeness("unknown", "")

_LONGEST = 300  # code points at the end that are judged
_WHOLE_NUMBER = 7  # digits of the shortest telephone number
_BREAKS_OFF = (",", "-", "–", "—", ":", "...", "…", "，", "、", "：")
_MARKS = " \t\n.,!?;:-–—…。，、！？；："
_CLOSES = ".!?"
_SENTENCE = pattern_of(r"(?<=[.!?])\s+|(?<=[。！？])\s*(?=.)")
_DIGIT_CONTEXT = pattern_of(
    r"\b(?:number|phone|code|pin|dial|call|zip|号码|电话|密码|验证码)|号码|电话|密码|验证码|手机号"
)
_GOES_ON = pattern_of(
    r"\b(?:hours?|minutes?)$"  # "… and thirty seconds"
    r"|^(?:please )?(?:turn|switch) (?:on|off) (?:the |my |all )?(?:the )?\S+$"  # "… in the kitchen"
    r"|^(?:please )?(?:turn|switch) (?:the |my )?\S+ (?:on|off)$"
    r"|(?:小时|分钟|个半小时)$|^(?:请|帮我)?(?:打开|关掉|关上|开一下|关一下)\S{1,3}$"
)


def completeness(text: str, understands: Callable[[str], bool] | None = None) -> Completeness:
    """Judge the words of a turn, with or without punctuation, English or Chinese.

    `understands` says that a text is a whole command to the one who answers. Of several sentences the last is judged.
    A recognizer that reads half a sentence closes it all the same: a closing mark is no sign of an end. A question mark
    only tells where a preposition may be the last word; a comma or dots still say that more was to come.
    """
    text = text.strip()[-_LONGEST:]
    if not text:
        return UNKNOWN
    if text.endswith(_BREAKS_OFF):
        return Completeness("unfinished", "trailing comma" if text[-1] in ",，、" else "trailing dash")
    chinese = language_of(text) == "zh"
    last = _SENTENCE.split(text)[-1]
    words = simplified(last).rstrip(_MARKS) if chinese else last.lower().replace("’", "'").rstrip(_MARKS)
    question = text[-1] in "?？"
    if _digits_in_progress(re.sub("[零〇一二三四五六七八九]", "1", words) if chinese else in_digits(words)):
        return Completeness("unfinished", "digits in progress")
    verdict, rule = judge_chinese(words) if chinese else judge_english(words, asked=question)
    if verdict == "unfinished":
        return Completeness("unfinished", rule)
    if understands is not None and understands(text):
        may_go_on = _GOES_ON.search(words)
        return Completeness("unknown", "command that may go on") if may_go_on else Completeness("complete", "command")
    if verdict == "unknown" and not chinese and text[-1] not in _CLOSES and text != text.lower():
        return Completeness("unclosed", "no closing mark")
    return Completeness(verdict, rule)


def without_marks(text: str) -> str:
    """The words without the marks after them."""
    return text.rstrip(_MARKS)


def _digits_in_progress(text: str) -> bool:
    """Whether the text ends in digits said one by one, or in too short a number after words like `code`."""
    run = re.search(r"\d[\d\s-]*$", text)
    if not run:
        return False
    groups, digits = len(re.findall(r"\d+", run[0])), len(re.findall(r"\d", run[0]))
    one_by_one = groups >= 2 or bool(re.search(r"[㐀-鿿]1{3,}$", text))
    return digits < _WHOLE_NUMBER and (one_by_one or bool(_DIGIT_CONTEXT.search(text)))
