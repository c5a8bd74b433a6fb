"""The words that skills match: lower case, no marks, no politeness, numbers in digits."""

from __future__ import annotations

import re

from voice.text.numbers import in_digits, simplified, written_fractions
from voice.text.patterns import pattern_of
from voice.text.speakable import language_of

_LONGEST = 400  # code points of a question that the skills look at

_MARKS = pattern_of(r"(?<!\d)[.,:]|[.,:](?!\d)|[?!;\"“”…]")
_HYPHEN = pattern_of(r"(?<=[a-z])-(?=[a-z\d])|(?<=\d)-(?=[a-z])")
_FEET = pattern_of(r"(?<!\d)(\d)['′](1?\d)(?:\"|″|'')?(?!\d)")
_POLITE = pattern_of(
    r"^(?:(?:hey|hi|hello|okay|ok|so|well|now|and|please|then|can you|could you|would you|will you|tell me"
    r"|i want to know|do you know|i'd like to know|computer|assistant) )+(?=\S)"
    r"|\b(?:um|uh|erm|please)\b ?| (?:please|thanks|thank you|now)$"
)
_HAN_MARKS = pattern_of(r"[，。！？；：、…“”‘’\"'?!;]|(?<!\d)[.,:\s]|[.,:\s](?!\d)")
_HAN_POLITE = pattern_of(
    r"^(?:请问|请你|请|麻烦你|麻烦|帮我|你能|能不能|可以|告诉我|那么|那|然后|再(?![见会]))+|(?:吗|呢|啊|呀|吧|谢谢)+$"
)


def plain_words(text: str) -> tuple[str, bool]:
    """The words of a text and whether they are Chinese, traditional characters as simplified ones."""
    chinese = language_of(text) == "zh"
    text = _FEET.sub(r"\1 foot \2 inches", written_fractions(text[:_LONGEST].lower().replace("’", "'")))
    return (_chinese if chinese else _english)(text), chinese


def _english(text: str) -> str:
    words = " ".join(_MARKS.sub(" ", in_digits(_HYPHEN.sub(" ", text))).split())
    stripped = " ".join(_POLITE.sub("", words).split())
    return stripped or words


def _chinese(text: str) -> str:
    words = _HAN_MARKS.sub("", simplified(text.replace("：", ":") if re.search(r"\d：\d", text) else text))
    return _HAN_POLITE.sub("", words) or words
