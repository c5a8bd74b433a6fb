"""Whether the words so far sound like a whole turn: the endpointer waits less when they do, longer when they don't."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voice.text.numbers import in_digits, simplified
from voice.text.speakable import language_of

Verdict = Literal["complete", "unfinished", "unknown"]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The judgement and the rule that made it, for the trace."""

    verdict: Verdict
    rule: str


UNKNOWN = Completeness("unknown", "")

_FILLERS = frozenset(["um", "uh", "erm", "er", "hmm", "mm", "uhm", "well", "like"])
_NEVER_LAST = frozenset(
    [
        *("and", "but", "or", "because", "if", "while", "although", "unless", "since", "than", "whether", "then"),
        *("a", "an", "the", "my", "your", "our", "their", "its", "every", "each", "very"),
        *("into", "between", "during", "without", "until", "per", "versus", "onto", "among", "plus", "minus", "times"),
        *("i'm", "i'll", "i'd", "you're", "we're", "let's", "gonna", "wanna", "divided"),
    ]
)
_PREPOSITIONS = frozenset(["of", "to", "for", "from", "with", "at", "by", "about", "in", "on", "under", "over", "as"])
_ADVERBS = frozenset(["about", "in", "on", "under", "over", "by"])
_PARTICLE_VERBS = frozenset(["turn", "switch", "log", "sign", "go", "come", "keep", "carry", "move", "hold", "put"])
_QUESTION_WORDS = frozenset(
    ["what", "who", "where", "when", "why", "how", "which", "whose", "what's", "who's", "where's"]
)
_AUXILIARIES = frozenset(["is", "are", "do", "does", "did", "can", "could", "will", "would", "should", "have", "has"])
_QUESTION_LAST = frozenset(
    ["it", "you", "that", "this", "today", "tomorrow", "now", "me", "there", "here", "they", "he", "she", "them", "us"]
)
_SHORT = frozenset(
    [
        *("yes", "no", "stop", "cancel", "help", "thanks", "thank you", "hello", "hi", "goodbye", "bye", "never mind"),
        *("repeat that", "say that again", "go on", "yes please", "no thanks", "no thank you", "good morning"),
    ]
)
_SUBJECT_VERB = re.compile(
    r"(?:^| )(?:(?:can|could|would|will|do) you|i (?:want|need|think|would|can|have|was|am)|tell me|what is|what are"
    r"|how many|how much|how many [a-z']+ are in|how much [a-z']+ is in|set|remind me|remind me to)$"
)
_DIGIT_CONTEXT = re.compile(
    r"\b(?:number|phone|code|pin|dial|call|zip|号码|电话|密码|验证码)|号码|电话|密码|验证码|手机号"
)
_LONGEST = 300  # code points at the end that are judged
_WHOLE_NUMBER = 7  # digits of the shortest telephone number

_ZH_FILLERS = ("嗯", "呃", "额", "那个", "这个", "就是", "就是说", "然后")
_ZH_NEVER_LAST = (
    *("和", "跟", "与", "或", "或者", "但是", "可是", "不过", "因为", "所以", "如果", "要是", "虽然", "而且"),
    *("还有", "以及", "我想", "我要", "帮我", "请", "请问", "的话", "乘以", "除以", "加", "减"),
    *("把", "被", "给", "在", "从", "向", "对于", "关于", "比", "为了"),
)  # fmt: skip
_ZH_LAST = (
    "吗",
    "呢",
    "吧",
    "了",
    "啊",
    "呀",
    "什么",
    "多少",
    "哪里",
    "哪儿",
    "谁",
    "几点",
    "几点了",
    "怎么办",
    "为什么",
    "怎么样",
)


def completeness(text: str, understands: Callable[[str], bool] | None = None) -> Completeness:
    """Judge a partial transcript, with or without punctuation, English or Chinese.

    `understands` says that a text is a whole command to the one who answers.
    """
    text = text.strip()[-_LONGEST:]
    if not text:
        return UNKNOWN
    if text.endswith((",", "-", "–", "—", ":", "...", "…", "，", "、", "：")):
        return Completeness("unfinished", "trailing comma" if text[-1] in ",，、" else "trailing dash")
    chinese = language_of(text) == "zh"
    words = simplified(text).rstrip(".!?。！？ ") if chinese else text.lower().rstrip(".!? ").replace("’", "'")
    judged = (_chinese if chinese else _english)(words)
    if judged.verdict == "unfinished" and not _may_end_in_it(judged, text):
        return judged
    if understands is not None and understands(text):
        return Completeness("complete", "command")
    if text[-1] in "?？":
        return Completeness("complete", "question")
    if text[-1] in ".!。！":
        return Completeness("complete", "sentence end")
    return judged


def _may_end_in_it(judged: Completeness, text: str) -> bool:
    """Whether a closing mark outweighs a trailing preposition: `What is it for?`, `The light is on.`"""
    if judged.rule != "trailing preposition":
        return False
    return text[-1] in "?？" or (text[-1] in ".!" and text.split()[-1].lower().rstrip(".!") in _ADVERBS)


def _english(text: str) -> Completeness:
    words = re.findall(r"[a-z']+|\d[\d,.]*", text)
    if not words:
        return UNKNOWN
    last = words[-1]
    if (
        last in _FILLERS
        and not (last == "like" and words[0] in _QUESTION_WORDS)
        and (last != "well" or len(words) == 1)
    ):
        return Completeness("unfinished", "filler")
    if _digits_in_progress(in_digits(text)):
        return Completeness("unfinished", "digits in progress")
    if text in _SHORT:
        return Completeness("complete", "short answer")
    if last in _NEVER_LAST:
        return Completeness("unfinished", "trailing function word")
    asks = words[0] in _QUESTION_WORDS or (words[0] in _AUXILIARIES and len(words) > 2)
    if last in _PREPOSITIONS and not asks and words[0] not in _PARTICLE_VERBS:
        return Completeness("unfinished", "trailing preposition")
    if last in ("of", "as", "by"):
        return Completeness("unfinished", "trailing preposition")
    if _SUBJECT_VERB.search(text):
        return Completeness("unfinished", "trailing verb")
    if asks and len(words) >= 3 and last in _QUESTION_LAST:
        return Completeness("complete", "question")
    return UNKNOWN


def _chinese(text: str) -> Completeness:
    if text.endswith(_ZH_FILLERS):
        return Completeness("unfinished", "filler")
    if _digits_in_progress(re.sub("[零〇一二三四五六七八九]", "1", text)):
        return Completeness("unfinished", "digits in progress")
    if text.endswith(_ZH_NEVER_LAST):
        return Completeness("unfinished", "trailing function word")
    if text.endswith(_ZH_LAST):
        return Completeness("complete", "particle")
    return UNKNOWN


def _digits_in_progress(text: str) -> bool:
    """Whether the text ends in digits said one by one, or in too short a number after words like `code`."""
    run = re.search(r"\d[\d\s-]*$", text)
    if not run:
        return False
    groups, digits = len(re.findall(r"\d+", run[0])), len(re.findall(r"\d", run[0]))
    one_by_one = groups >= 2 or bool(re.search(r"[㐀-鿿]1{3,}$", text))
    return digits < _WHOLE_NUMBER and (one_by_one or bool(_DIGIT_CONTEXT.search(text)))
