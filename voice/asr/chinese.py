"""Chinese in the script of the speaker: Whisper mixes both, and writes no punctuation unless it is shown some."""

from __future__ import annotations

from functools import cache
from typing import Any

CONVERSIONS = {
    "zh": "t2s",
    "zh-cn": "t2s",
    "zh-sg": "t2s",
    "zh-hans": "t2s",
    "zh-tw": "s2tw",
    "zh-hk": "s2hk",
    "zh-mo": "s2hk",
    "zh-hant": "s2t",
}
"""OpenCC's conversion for a language tag in lower case; the words stay those that were said."""
SIMPLIFIED_PROMPT = "你好！请问，现在几点了？以下是普通话的句子，带有标点。"
TRADITIONAL_PROMPT = "你好！請問，現在幾點了？以下是普通話的句子，帶有標點。"


def conversion(tag: str) -> str:
    """OpenCC's name for the script of a language tag, as zh-TW; simplified where it does not say."""
    return CONVERSIONS.get(tag.lower().replace("_", "-"), "t2s")


def prompt(tag: str) -> str:
    """A text before the audio, in that script and with marks, which Whisper then follows."""
    return SIMPLIFIED_PROMPT if conversion(tag) == "t2s" else TRADITIONAL_PROMPT


def written(text: str, tag: str) -> str:
    """The text in the script of the tag."""
    return str(_converter(conversion(tag)).convert(text))


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)
