"""Chinese in the script of the speaker: Whisper mixes both, and writes no punctuation unless it is shown some."""

from __future__ import annotations

from functools import cache
from typing import Any

from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

SIMPLIFIED = ("t2s",)
CONVERSIONS = {
    "zh-tw": ("s2t", "t2tw"),
    "zh-hk": ("s2t", "t2hk"),
    "zh-mo": ("s2t", "t2hk"),
    "zh-hant": ("s2t",),
}
"""OpenCC's conversions for the language tags, in lower case, that are not written in simplified characters.

Two steps, since the text may hold traditional characters of another place; the words stay those that were said.
"""
PROMPT = "你好！请问，现在几点了？以下是普通话的句子，带有标点。"
"""A text before the audio whose punctuation Whisper follows; of traditional ones it made odd letters (Whisper base)."""
_MARK = pattern_of(rf"(?<=[{HAN}])[,?!:;]")
_WIDE = str.maketrans(",?!:;", "，？！：；")


def written(text: str, tag: str) -> str:
    """The text in the script of a language tag such as zh-TW, simplified where it names none, with Chinese marks."""
    for step in CONVERSIONS.get(tag.lower().replace("_", "-"), SIMPLIFIED):
        text = str(_converter(step).convert(text))
    return _MARK.sub(lambda mark: mark[0].translate(_WIDE), text)


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)
