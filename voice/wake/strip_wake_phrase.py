"""Removes the wake word from the transcript, however the recognizer spells it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from voice.text.patterns import pattern_of

ALIKE = 0.72
"""Words that are less alike than this, letter by letter, are not the wake word."""

_SPELLED = {"ok": "okay", "o": "okay", "hay": "hey"}
"""What recognizers write for the words that wake phrases begin with."""

_WORD = pattern_of(r"[^\W_]+(?:'[^\W_]+)?")


def without_phrase(text: str, phrases: Iterable[str]) -> str:
    """`text` without a phrase at its start, in full or from its last word on, and without surrounding punctuation."""
    words = list(_WORD.finditer(text))
    best, cut = ALIKE, 0
    for phrase in phrases:
        parts = phrase.lower().split()
        for known in {" ".join(parts), parts[-1]}:
            for count in range(1, min(len(words), len(parts) + 2) + 1):
                said = "".join(_SPELLED.get(word.group().lower(), word.group().lower()) for word in words[:count])
                alike = SequenceMatcher(None, said, known.replace(" ", "")).ratio()
                if alike > best or (alike == best and cut == 0):
                    best, cut = alike, words[count - 1].end()
    return text[cut:].lstrip(" ,.!?:;–—-…，。！？、") if cut else text
