"""Chinese in the script of the speaker: Whisper mixes both, and writes no punctuation unless it is shown some."""

from __future__ import annotations

from functools import cache
from typing import Any

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
SIMPLIFIED_PROMPT = "你好！请问，现在几点了？以下是普通话的句子，带有标点。"
TRADITIONAL_PROMPT = "你好！請問，現在幾點了？以下是普通話的句子，帶有標點。"


def prompt(tag: str) -> str:
    """A text before the audio in the script of a language tag, with punctuation, which Whisper then follows."""
    return SIMPLIFIED_PROMPT if _steps(tag) == SIMPLIFIED else TRADITIONAL_PROMPT


def written(text: str, tag: str) -> str:
    """The text in the script of the tag, as zh-TW; simplified where it names none."""
    for step in _steps(tag):
        text = str(_converter(step).convert(text))
    return text


def _steps(tag: str) -> tuple[str, ...]:
    return CONVERSIONS.get(tag.lower().replace("_", "-"), SIMPLIFIED)


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)
